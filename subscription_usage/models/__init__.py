from . import (
    health_signal,
    line,
    meter,
    plan,
    pricing_rule,
    subscription,
    usage_event,
)
