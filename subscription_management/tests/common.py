from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form, tagged  # noqa: F401 - offered to the tests

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

TIME_ZONES = ("Asia/Jerusalem", "Pacific/Auckland")
"""Time zones in which a day begins before it does in UTC."""


class SubscriptionCase(AccountTestInvoicingCommon):
    """Plans, prices and a customer, with helpers for billing stories."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref(
            "subscription_management.group_subscription_manager"
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Galil Bakery", "email": "galil@example.com"}
        )
        cls.tax = cls.company_data["default_tax_sale"].copy(
            {"name": "VAT 17%", "amount": 17}
        )
        cls.basic = cls._make_product("Basic", 30.0)
        cls.seat = cls._make_product("Seat", 7.0)
        cls.monthly = cls._make_plan("Monthly", "month", Basic=30.0, Seat=7.0)
        cls.yearly = cls._make_plan("Yearly", "year", Basic=300.0, Seat=70.0)

    @classmethod
    def _make_product(cls, name, price):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "list_price": price,
                "taxes_id": [Command.set(cls.tax.ids)],
            }
        )

    @classmethod
    def _make_plan(cls, name, unit, count=1, **prices):
        values = {
            key: prices.pop(key)
            for key in list(prices)
            if key in cls.env["subscription.plan"]._fields
        }
        products = {"Basic": cls.basic, "Seat": cls.seat}
        models = {"Basic": "flat", "Seat": "per_unit"}
        return cls.env["subscription.plan"].create(
            {
                "name": name,
                "interval_unit": unit,
                "interval_count": count,
                "pricing_rule_ids": [
                    Command.create(
                        {
                            "product_id": products[key].id,
                            "pricing_model": models[key],
                            "price": price,
                        }
                    )
                    for key, price in prices.items()
                ],
                **values,
            }
        )

    @classmethod
    def subscribe(cls, *products, on, plan=None, quantity=1, start=True, **values):
        """Return a subscription of the customer that starts on a day."""
        subscription = cls.env["subscription.subscription"].create(
            {
                "partner_id": cls.customer.id,
                "plan_id": (plan or cls.monthly).id,
                "date_start": on,
                "line_ids": [
                    Command.create({"product_id": product.id, "quantity": quantity})
                    for product in products or [cls.basic]
                ],
                **values,
            }
        )
        if start:
            subscription.action_activate()
        return subscription

    def join(self, subscription, product, day, **values):
        """Add a product to a started subscription from a date, by the wizard."""
        form = Form(
            self.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        form.date_effective = day
        with form.line_ids.new() as line:
            line.product_id = product
            for name, value in values.items():
                setattr(line, name, value)
        form.save().action_confirm()
        return subscription.line_ids.sorted("id")[-1]

    def change_line(self, line, day, policy="plan", **values):
        """Change a line of a running subscription from a day, as users do it.

        Return the recorded change.
        """
        shown = {
            name: line[name].id for name in ("product_id", "plan_id", "product_uom_id")
        } | {name: line[name] for name in ("kind", "quantity", "price")}
        self.env["subscription.change.wizard"].create(
            {
                "subscription_id": line.subscription_id.id,
                "date_effective": day,
                "policy": policy,
                "line_ids": [
                    Command.create(
                        {
                            "line_id": line.id,
                            "pricing_model": line.pricing_model,
                            **shown,
                            **values,
                        }
                    )
                ],
            }
        ).action_confirm()
        return line.subscription_id.change_ids.sorted("id")[-1]

    def end_line(self, line, day, policy="prorate"):
        """Remove a product of a running subscription from a day; return the change."""
        return self.change_line(line, day, policy, is_removed=True)

    def schedule(self, line, day, quantity, price):
        """Schedule a quantity and price of a line of a draft or in service."""
        self.env["subscription.schedule.changes.wizard"].create(
            {
                "subscription_id": line.subscription_id.id,
                "line_id": line.id,
                "step_ids": [
                    Command.create(
                        {"date_start": day, "quantity": quantity, "price": price}
                    )
                ],
            }
        ).action_confirm()

    @staticmethod
    def day(text):
        return fields.Date.to_date(text)

    def newest(self, subscription, kind):
        """Return the last change of a kind."""
        return subscription.change_ids.filtered(
            lambda change: change.kind == kind
        ).sorted("id")[-1:]

    def run_action(self, name, day, at="09:00:00"):
        """Run a scheduled action on a day, of this addon or by its full XML id."""
        xmlid = name if "." in name else f"subscription_management.{name}"
        with freeze_time(f"{day} {at}"), self.enter_registry_test_mode():
            self.env.ref(xmlid).method_direct_trigger()
        self.env.invalidate_all()

    def run_action_at(self, name, day, local_time):
        """Run a scheduled action at a time of day in the company's time zone."""
        zone = ZoneInfo(self.env.company.partner_id.tz)
        local = datetime.combine(fields.Date.to_date(day), local_time, zone)
        moment = local.astimezone(UTC)
        self.run_action(name, moment.date(), moment.strftime("%H:%M:%S"))

    def assert_acts_after_midnight(self, name, day, has_acted):
        """Check that a scheduled action acts at 00:30 of a day, and not an hour before.

        The times are those of the company's time zone.
        """
        day = fields.Date.to_date(day)
        self.run_action_at(name, day - timedelta(days=1), time(23, 30))
        self.assertFalse(has_acted(), "The action ran a day early.")
        self.run_action_at(name, day, time(0, 30))
        self.assertTrue(has_acted(), "The action did not run on its day.")

    def bill(self, day, **values):
        """Run the billing of a day as the scheduled action does; return the run."""
        run = (
            self.env["subscription.billing.run"]
            .sudo()
            .create(
                {
                    "target_date": day,
                    "company_ids": [Command.set(self.env.company.ids)],
                    **values,
                }
            )
        )
        run._start()
        with self.enter_registry_test_mode():
            while not run._work(lambda _handled: 60):
                pass
        return run

    def cancel(self, subscription, day, reason=False, cancellation_reason=None):
        """Cancel by the wizard; `day` is the first day without service."""
        self.env["subscription.cancel.wizard"].create(
            {
                "subscription_id": subscription.id,
                "when": "date",
                "last_day": fields.Date.to_date(day) - timedelta(days=1),
                "reason": reason,
                "cancellation_reason_id": (
                    cancellation_reason.id if cancellation_reason else False
                ),
            }
        ).action_confirm()

    def assert_invoice_lines(self, subscription, expected):
        """Compare the invoice lines, oldest first, as (period, product, amount).

        All product lines of the subscription's invoices count, except those of other
        subscriptions; cancelled invoices do not count.
        """
        invoices = subscription.invoice_ids.filtered(
            lambda move: move.state != "cancel"
        )
        lines = invoices.invoice_line_ids.filtered(
            lambda line: (
                line.display_type == "product"
                and line.managed_subscription_line_id.subscription_id
                in (subscription, subscription.browse())
            )
        ).sorted(
            lambda line: (
                line.managed_period_start or line.move_id.invoice_date,
                line.managed_subscription_line_id.id,
                line.id,
            )
        )
        self.assertEqual(
            [
                (
                    f"{line.managed_period_start}/{line.managed_period_end}",
                    line.product_id.name,
                    f"{self._charged(line):.2f}",
                )
                for line in lines
            ],
            expected,
        )

    def _charged(self, invoice_line):
        """Return what the customer is charged by an invoice line, without tax."""
        return -invoice_line.move_id.direction_sign * invoice_line.price_subtotal


class SalesCase(SubscriptionCase):
    """A user who manages sales and subscriptions."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "sales_team.group_sale_manager"
        )


class QuotedTermCase(SalesCase):
    """A year's term that is asked for by quotation a month before, at 10 % more."""

    def setUp(self):
        super().setUp()
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "year",
                "renewal_policy": "ask",
                "renewal_quotation_days": 30,
                "uplift_kind": "fixed",
                "uplift_percent": 10,
            }
        )

    def subscribe_for_a_year(self, *products, **values):
        subscription = self.subscribe(
            *(products or [self.basic]), on="2026-04-01", **values
        )
        self.bill("2027-03-01")
        return subscription
