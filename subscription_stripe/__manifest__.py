{
    "name": "Subscription Payments by Stripe",
    "version": "19.0.1.0.0",
    "summary": "Why Stripe declined, what became of a charge, and when cards expire",
    "category": "Sales/Subscriptions",
    "author": "The Subscription Management contributors",
    "website": "https://example.org/odoo-subscription-management",
    "license": "LGPL-3",
    "depends": ["subscription_management", "payment_stripe"],
    "auto_install": True,
}
