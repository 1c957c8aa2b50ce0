"""A company with customers and subscriptions, made in bulk."""

from __future__ import annotations

from datetime import date
from typing import Any

START = date(2026, 1, 1)


def open_company(env: Any) -> Any:
    """Give the main company accounts, a 17 % tax and the addon's first plan."""
    env["account.chart.template"].try_loading(
        "generic_coa", env.company, install_demo=False
    )
    tax = env["account.tax"].search(
        [("type_tax_use", "=", "sale"), ("company_id", "=", env.company.id)], limit=1
    )
    tax.amount = 17
    products = env["product.product"].create(
        [
            {
                "name": f"Service {number}",
                "type": "service",
                "list_price": 30 + number,
                "taxes_id": [(6, 0, tax.ids)],
            }
            for number in range(1, 4)
        ]
    )
    return env["subscription.plan"].create(
        {
            "name": "Monthly",
            "pricing_rule_ids": [
                (0, 0, {"product_id": product.id, "price": product.list_price})
                for product in products
            ],
        }
    )


def open_sales(env: Any) -> None:
    """Offer seats by yearly contract, to be paid online by a card that is not real."""
    seat = env["product.product"].create(
        {
            "name": "Contract Seat",
            "type": "service",
            "taxes_id": [(6, 0, env.company.account_sale_tax_id.ids)],
        }
    )
    env["subscription.plan"].create(
        {
            "name": "Yearly Contract",
            "term_count": 1,
            "term_unit": "year",
            "renewal_policy": "ask",
            "pricing_rule_ids": [(0, 0, {"product_id": seat.id, "price": 30})],
        }
    )
    env["res.partner"].create({"name": "Galil Bakery", "email": "galil@example.com"})
    provider = env.ref("payment.payment_provider_demo")
    provider.write({"state": "test", "is_published": True})


def add_customers(env: Any, count: int) -> Any:
    return env["res.partner"].create(
        [{"name": f"Customer {number:06d}"} for number in range(count)]
    )


def add_subscriptions(env: Any, plan: Any, count: int, lines: int = 1) -> Any:
    """Return active subscriptions of as many customers, due since `START`."""
    products = plan.pricing_rule_ids.product_id.sorted("id")[:lines]
    quiet = env["subscription.subscription"].with_context(tracking_disable=True)
    subscriptions = quiet.create(
        [
            {
                "partner_id": partner.id,
                "plan_id": plan.id,
                "date_start": START,
                "line_ids": [
                    (0, 0, {"product_id": product.id}) for product in products
                ],
            }
            for partner in add_customers(env, count)
        ]
    )
    subscriptions.action_activate()
    return subscriptions


def start_run(env: Any, day: date = START) -> Any:
    """Return a billing run of the main company that is under way."""
    run = env["subscription.billing.run"].create(
        {"target_date": day, "company_ids": [(6, 0, env.company.ids)]}
    )
    run._start()
    return run


def work(env: Any, run: Any) -> None:
    """Bill until nothing is left, with a commit for each slice."""

    def progress(_handled: int) -> float:
        env.cr.commit()
        return 60.0

    while not run._work(progress):
        pass
