from . import (
    due_now,
    new_subscriptions,
    payment_transaction,
    sale_order_line,
    sale_order_template_line,
    subscription_plan,
)
