from . import opportunity_rule
