from . import (
    health_signal,
    line,
    meter,
    plan,
    pricing_rule,
    subscription,
    subscription_opportunity_usage,
    usage_event,
)
