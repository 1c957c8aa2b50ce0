from . import (
    test_access,
    test_first_use,
    test_health,
    test_plan_comparison,
    test_usage,
    test_usage_prices,
)
