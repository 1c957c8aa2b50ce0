from . import (
    test_deliveries,
    test_ordered_goods,
)
