from . import test_stripe_charges, test_stripe_customers, test_stripe_webhooks
