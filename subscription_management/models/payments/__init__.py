from . import (
    account_move,
    charge,
    customer_payment,
    payment_method,
    payment_method_order,
    payment_provider,
    resolve_unknown,
)
