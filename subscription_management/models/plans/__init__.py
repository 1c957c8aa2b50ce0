from . import plan_comparison, plan_policies
