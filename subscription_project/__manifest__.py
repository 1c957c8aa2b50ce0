{
    "name": "Subscription Tasks",
    "version": "19.0.1.0.0",
    "summary": "Services that make a task in each period of a subscription",
    "category": "Sales/Subscriptions",
    "author": "The Subscription Management contributors",
    "website": "https://example.org/odoo-subscription-management",
    "license": "LGPL-3",
    "depends": ["subscription_management", "sale_project"],
    "auto_install": True,
    "data": [
        "views/subscription_views.xml",
    ],
    "demo": ["demo/subscription_project_demo.xml"],
}
