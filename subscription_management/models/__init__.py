"""Features, and the models that are composed of their parts."""

from . import (
    billing,
    billing_run,
    cancellation,
    changes,
    decimals,
    discounts,
    dunning,
    error_messages,
    failure_isolation,
    fulfilment,
    health,
    mail_template,
    model_part,
    payments,
    plans,
    prices,
    product_product,
    quotations,
    renewals,
    res_company,
    res_config_settings,
    res_partner,
    revenue,
    sales,
    subscriptions,
)
from .billing import account_move
from .billing_run import run
from .changes import change
from .discounts import coupon
from .dunning import case, policy, policy_version
from .health import signal
from .payments import payment_transaction
from .plans import plan
from .prices import pricing_rule
from .sales import sale_order
from .subscriptions import line, subscription
