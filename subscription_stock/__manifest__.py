{
    "name": "Subscription Deliveries",
    "version": "19.0.1.0.0",
    "summary": "Goods that are delivered in each period of a subscription",
    "category": "Sales/Subscriptions",
    "author": "The Subscription Management contributors",
    "website": "https://example.org/odoo-subscription-management",
    "license": "LGPL-3",
    "depends": ["subscription_management", "sale_stock"],
    "auto_install": True,
    "data": [
        "views/plan_views.xml",
        "views/subscription_views.xml",
    ],
    "demo": ["demo/subscription_stock_demo.xml"],
}
