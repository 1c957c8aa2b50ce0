from . import (
    sale_order_discount,
    subscription_amend,
    subscription_bill_now,
    subscription_end,
    subscription_grant,
    subscription_plan_compare,
    subscription_price_publish,
    subscription_ramp,
    subscription_regroup,
    subscription_renew,
    subscription_rest,
    subscription_suspend,
)
