from . import test_access, test_usage, test_usage_prices
