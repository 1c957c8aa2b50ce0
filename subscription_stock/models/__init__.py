from . import (
    sale_order_line,
    stock_move,
    subscription_line,
    subscription_plan,
    subscription_subscription,
)
