from . import test_usage_opportunities
