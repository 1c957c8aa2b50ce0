from . import (
    subscription_amend,
    subscription_bill_now,
    subscription_end,
    subscription_grant,
    subscription_regroup,
    subscription_rest,
)
