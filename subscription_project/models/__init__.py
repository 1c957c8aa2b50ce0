from . import (
    project_task,
    sale_order_line,
    subscription_line,
    subscription_plan,
    subscription_subscription,
)
