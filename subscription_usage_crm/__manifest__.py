{
    "name": "Subscription Usage CRM",
    "version": "19.0.1.0.0",
    "summary": "Opportunities from usage: exceeded allowances and falling usage",
    "category": "Sales/Subscriptions",
    "author": "The Subscription Management contributors",
    "website": "https://example.org/odoo-subscription-management",
    "license": "LGPL-3",
    "depends": ["subscription_usage", "subscription_crm"],
    "auto_install": True,
    "data": [
        "data/opportunity_rule.xml",
        "views/opportunity_rule_views.xml",
    ],
}
