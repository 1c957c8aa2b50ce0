# ruff: noqa: I001 - a model comes before the files that extend it.
from . import subscription_meter
from . import subscription_usage_event
from . import subscription_pricing_rule
from . import subscription_line
from . import subscription_subscription
from . import subscription_first_use
from . import subscription_opportunity_usage
from . import subscription_line_periods_used
from . import subscription_health_usage
