from . import (
    account_move,
    crm_lead,
    opportunity_finding,
    opportunity_rule,
    sale_order,
    subscription,
    subscription_change,
    subscription_line,
)
