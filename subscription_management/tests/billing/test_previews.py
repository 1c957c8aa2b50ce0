from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command, Date
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import SubscriptionCase

RULES = "odoo.addons.base.models.ir_rule"


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPreviews(SubscriptionCase):
    """A preview equals the later invoices to the cent."""

    day = Date.to_date("2026-04-16")
    until = Date.to_date("2026-08-02")

    def foreseen(self, subscription, change_plan):
        """Return (product, first day, amount) of the upcoming invoices."""
        products = self.env["product.product"]
        return sorted(
            (
                products.browse(change_plan.values[item.line]["product_id"]).name,
                str(item.period.start),
                float(item.amount),
            )
            for invoice in subscription._forecast_change(change_plan, self.until)
            for item in invoice.items
        )

    def billed(self, *subscriptions):
        """Bill the following months and return the billed rows of each."""
        known = self.env["subscription.billed.period"].search([])
        for day in ("04-16", "05-01", "06-01", "07-01", "08-01"):
            with freeze_time(f"2026-{day} 09:00:00"):
                self.bill(f"2026-{day}")
        return [
            sorted(
                (row.line_id.product_id.name, str(row.date_start), row.amount)
                for row in subscription.billed_period_ids - known
            )
            for subscription in subscriptions
        ]

    def grant(self, subscription, **values):
        action = subscription.action_discount()
        form = Form(
            self.env["subscription.discount.wizard"].with_context(**action["context"])
        )
        for name, value in values.items():
            form[name] = value
        return form

    def regroup(self, subscription, **values):
        form = Form(
            self.env["subscription.transfer.wizard"].with_context(
                default_subscription_id=subscription.id,
                default_date_effective=self.day,
            )
        )
        for name, value in values.items():
            form[name] = value
        return form

    def seats_with_steps(self):
        """Return 10 seats at 7.00; 12 from 11 May, and at 8.00 from 21 June."""
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        [line] = subscription.line_ids
        subscription.change_quantity(line, 12, Date.to_date("2026-05-11"))
        subscription.change_price(line, 8, Date.to_date("2026-06-21"))
        return subscription

    def test_a_discount_is_previewed_as_billed(self):
        subscription = self.seats_with_steps()
        self.bill("2026-04-16")
        form = self.grant(
            subscription, percent=33, date_start=self.day, policy="prorate"
        )
        wizard = form.save()
        foreseen = self.foreseen(subscription, wizard._plan())
        # 35.00 for 15 days of April less 33 %: 23.45.
        self.assertIn("23.45", form.preview)
        wizard.action_confirm()
        self.assertEqual([foreseen], self.billed(subscription))

    def test_a_coupon_is_previewed_as_billed(self):
        self.env["subscription.coupon"].create(
            {"code": "SPRING", "fixed_amount": 5, "cycles": 2}
        )
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        self.bill("2026-04-16")
        wizard = self.grant(subscription, code="spring").save()
        foreseen = self.foreseen(subscription, wizard._plan())
        wizard.action_confirm()
        self.assertEqual([foreseen], self.billed(subscription))
        basic = [amount for name, _day, amount in foreseen if name == "Basic"]
        self.assertEqual(basic, [25, 25, 30, 30])

    def test_a_discount_of_a_draft_is_previewed_as_billed(self):
        draft = self.subscribe(on="2026-05-01", start=False)
        form = self.grant(draft, percent=50, duration="once")
        self.assertIn("15.00", form.preview)
        wizard = form.save()
        foreseen = self.foreseen(draft, wizard._plan())
        wizard.action_confirm()
        draft.action_activate()
        self.assertEqual([foreseen], self.billed(draft))

    def test_the_reason_against_a_coupon_or_discount_is_shown(self):
        self.env["subscription.coupon"].create(
            {"code": "OLD", "percent": 50, "date_to": "2026-04-15"}
        )
        subscription = self.subscribe(on="2026-04-01")
        for values, reason in (
            ({"code": "OLD"}, "not valid today"),
            ({"code": "NONE"}, "check the code"),
            ({"percent": 101}, "0 to 100"),
        ):
            self.assertIn(reason, self.grant(subscription, **values).preview)

    def test_a_preview_redeems_nothing(self):
        coupon = self.env["subscription.coupon"].create(
            {"code": "SPRING", "percent": 50, "max_redemptions": 1}
        )
        subscription = self.subscribe(on="2026-04-01")
        self.assertIn("15.00", self.grant(subscription, code="SPRING").preview)
        self.assertFalse(coupon.redemption_count)

    def test_codes_cannot_be_tried_on_subscriptions_of_other_reps(self):
        self.env["subscription.coupon"].create({"code": "SPRING", "percent": 50})
        rep = new_test_user(
            self.env, "rep", groups="subscription_management.group_subscription_user"
        )
        theirs = self.subscribe(on="2026-04-01")
        grant = self.env["subscription.discount.wizard"].with_user(rep)
        for code in ("SPRING", "NONE"):
            values = {
                "subscription_id": theirs.id,
                "code": code,
                "date_start": self.day,
            }
            with self.assertRaises(AccessError), mute_logger(RULES):
                wizard = grant.create(values)
                self.env.invalidate_all()
                wizard.mapped("preview")
            self.env.invalidate_all()
            with self.assertRaises(AccessError), mute_logger(RULES):
                grant.onchange(values, ["code"], {"preview": {}})

    def test_a_transfer_is_previewed_as_both_customers_are_billed(self):
        subscription = self.seats_with_steps()
        self.bill("2026-04-16")
        heir = self.env["res.partner"].create({"name": "Heir"})
        form = self.regroup(subscription, partner_id=heir)
        for text in ("Galil Bakery", "-35.00", "Heir"):
            self.assertIn(
                text, form.preview.replace("\N{ZERO WIDTH NO-BREAK SPACE}", "")
            )
        wizard = form.save()
        foreseen = [
            self.foreseen(each, change_plan)
            for _name, each, change_plan in wizard._plan()
        ]
        follower = subscription.browse(wizard.action_confirm()["res_id"])
        self.assertEqual(foreseen, self.billed(subscription, follower))

    def test_a_merge_is_previewed_as_both_subscriptions_are_billed(self):
        other = self.subscribe(on="2026-04-01")
        subscription = self.seats_with_steps()
        self.bill("2026-04-16")
        form = self.regroup(subscription, kind="merge", other_id=other)
        self.assertIn(other.name, form.preview)
        self.assertIn(subscription.name, form.preview)
        wizard = form.save()
        foreseen = [
            self.foreseen(each, change_plan)
            for _name, each, change_plan in wizard._plan()
        ]
        wizard.action_confirm()
        self.assertEqual(foreseen, self.billed(subscription, other))

    def test_an_alignment_is_previewed_as_billed(self):
        other = self.subscribe(on="2026-04-01")
        subscription = self.subscribe(self.seat, on="2026-04-11", quantity=3)
        self.bill("2026-04-16")
        wizard = self.regroup(subscription, kind="align", other_id=other).save()
        [(_name, _subscription, change_plan)] = wizard._plan()
        foreseen = self.foreseen(subscription, change_plan)
        wizard.action_confirm()
        self.assertEqual([foreseen], self.billed(subscription))
        # 21 a month from May on.
        self.assertEqual([amount for *_rest, amount in foreseen][-3:], [21, 21, 21])

    def test_a_scheduled_plan_is_previewed_in_its_own_periods(self):
        other = self.subscribe(on="2026-04-01")
        subscription = self.subscribe(on="2026-04-11")
        self.bill("2026-04-16")
        subscription.change_plan(
            subscription.line_ids, self.yearly, Date.to_date("2026-06-11")
        )
        wizard = self.regroup(subscription, kind="align", other_id=other).save()
        [(_name, _subscription, change_plan)] = wizard._plan()
        foreseen = self.foreseen(subscription, change_plan)
        wizard.action_confirm()
        self.assertEqual([foreseen], self.billed(subscription))

    def test_products_added_beside_a_percent_of_total_are_previewed(self):
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": self._make_product("Support", 0).id,
                    "pricing_model": "percent_of_total",
                    "price": 10,
                }
            )
        ]
        products = self.monthly.pricing_rule_ids.product_id
        draft = self.subscribe(*products, on="2026-05-01", start=False)
        with Form(draft) as form:
            for _number in range(4):
                with form.line_ids.new() as line:
                    line.product_id = self.basic
            # 30 + 7 + 4 * 30, and 10 % of these.
            self.assertIn("172.70", form.invoice_forecast)

    def test_a_charged_trial_is_previewed_while_edited(self):
        self.monthly.write({"trial_days": 14, "trial_product_id": self.seat.id})
        with Form(self.env["subscription.subscription"]) as form:
            form.partner_id = self.customer
            form.plan_id = self.monthly
            form.date_start = "2026-05-01"
            for _number in range(2):
                with form.line_ids.new() as line:
                    line.product_id = self.basic
            self.assertEqual(len(form.line_ids), 2)
            # 7.00 for the trial, and two products from 15 May.
            self.assertIn("7.00", form.invoice_forecast)
            self.assertIn("60.00", form.invoice_forecast)
        with Form(form.record) as form:
            with form.line_ids.new() as line:
                line.product_id = self.basic
            form.partner_id = self.env["res.partner"].create({"name": "Negev Solar"})
            self.assertEqual(len(form.line_ids), 3)
            self.assertIn("90.00", form.invoice_forecast)

    def test_the_reason_against_a_merge_is_shown(self):
        other = self.subscribe(on="2026-04-01")
        subscription = self.subscribe(on="2026-04-01")
        other.pause(self.day)
        form = self.regroup(subscription, kind="merge", other_id=other)
        self.assertIn("is paused", form.preview)
