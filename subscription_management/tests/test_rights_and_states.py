"""Public methods check rights and states: any client may call them."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from ..billing_core.lifecycle import CHANGEABLE, ONGOING, PAUSABLE, RENEWABLE, State
from .dunning.dunning_case import DunningCase
from .public_methods import PublicMethodCalls, public_methods

TODAY = "2026-05-10"

COVERED_ELSEWHERE = {
    "sale.order.discount",
    "subscription.compare.plans.wizard.line",
    "subscription.dunning.recovery",
}
"""Models whose tests of access call their methods."""


class PublicMethodCase(PublicMethodCalls, DunningCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(f"{TODAY} 09:00:00"))
        cls.today = fields.Date.to_date(TODAY)
        cls.other = cls.env["res.partner"].create({"name": "Negev Farm"})
        cls.monthly.write({"term_count": 1, "term_unit": "year"})


@tagged("post_install", "-at_install")
class TestRightsOfPublicMethods(PublicMethodCase):
    def records_to_call(self):
        """Return a record of each model, as it is when its methods may be used."""
        case = self.invoice("2026-04-01")
        subscription = self.subscription
        letter = case.letter_ids[:1] or self.env[
            "subscription.dunning.letter"
        ].sudo().create(
            {
                "case_id": case.id,
                "template_id": self.letter.id,
                "key": "test",
                "send_after": f"{TODAY} 09:00:00",
            }
        )
        subscription.change_quantity(
            subscription.line_ids, 2, self.today + timedelta(days=30)
        )
        records = {
            "subscription.subscription": subscription,
            "subscription.change": subscription.change_ids.sorted("id")[-1],
            "subscription.billing.run": subscription.invoice_ids.managed_billing_run_id,
            "subscription.dunning.case": case,
            "subscription.dunning.letter": letter,
            "subscription.dunning.policy": self.policy,
            "subscription.payment.method": self.save_card(),
            "subscription.plan": self.monthly,
            "subscription.pricing.rule": self.monthly.pricing_rule_ids[:1].copy(
                {"state": "draft"}
            ),
            "subscription.coupon": self.env["subscription.coupon"].create(
                {"code": "SPRING", "percent": 10}
            ),
            "account.move": subscription.invoice_ids[:1],
            "res.partner": self.customer,
            "product.template": self.basic.product_tmpl_id,
            "payment.token": self.env["payment.token"].sudo().search([], limit=1),
        }
        subscription.sudo().action_quote_renewal()
        records["sale.order"] = self.env["sale.order"].search(
            [("managed_subscription_id", "=", subscription.id)]
        )
        records.update(self.wizards_to_call(subscription, case))
        return records

    def wizards_to_call(self, subscription, case):
        """Return a wizard of each model that a user with rights has opened."""
        found = {}
        for model, values in {
            "subscription.create.invoice.wizard": {"target_date": TODAY},
            "subscription.cancel.wizard": {"when": "now"},
            "subscription.change.wizard": {"date_effective": TODAY},
            "subscription.pause.wizard": {"date_start": TODAY},
            "subscription.suspend.wizard": {},
            "subscription.discount.wizard": {"date_start": TODAY, "percent": 10},
            "subscription.renew.wizard": {},
            "subscription.compare.plans.wizard": {},
            "subscription.schedule.changes.wizard": {
                "line_id": subscription.line_ids[:1].id
            },
            "subscription.transfer.wizard": {
                "partner_id": self.other.id,
                "date_effective": TODAY,
            },
        }.items():
            found[model] = self.env[model].create(
                {"subscription_id": subscription.id, **values}
            )
        holds = self.env["subscription.hold.dunning.wizard"]
        found[holds._name] = holds.create({"case_id": case.id, "hold": "disputed"})
        publishing = self.env["subscription.publish.price.wizard"]
        draft = self.monthly.pricing_rule_ids[:1].copy({"state": "draft"})
        found[publishing._name] = publishing.create({"rule_id": draft.id})
        return found

    def arguments(self, records):
        """Return {(model, method): arguments} of the methods that need any."""
        day, line = self.today, records["subscription.subscription"].line_ids[:1]
        reason = self.env["subscription.cancellation.reason"].search([], limit=1)
        partner = self.subscribe(on=day)
        subscriptions = {
            "accept_offer": (reason, day),
            "change_quantity": (line, 3, day),
            "change_price": (line, 3.0, day),
            "change_plan": (line, self.yearly, day),
            "pause": (day,),
            "resume": (day,),
            "transfer": (self.other, day),
            "merge_into": (partner, day),
            "align_with": (partner, day),
            "grant_discount": ({"percent": 10}, day),
            "redeem_coupon": ("SPRING", day),
        }
        return {
            **{
                ("subscription.subscription", name): values
                for name, values in subscriptions.items()
            },
            ("subscription.dunning.case", "promise"): (day,),
        }

    def test_every_model_with_public_methods_is_called(self):
        called = self.records_to_call()
        offered = {
            name
            for name, model in self.env.items()
            if not model._abstract and public_methods(model, "subscription_management")
        }
        self.assertEqual(offered - called.keys(), COVERED_ELSEWHERE & offered)

    def test_users_without_rights_change_nothing(self):
        records = self.records_to_call()
        self.assert_outsiders_change_nothing(
            "subscription_management", records, self.arguments(records)
        )


@tagged("post_install", "-at_install")
class TestStatesOfPublicMethods(PublicMethodCase):
    def subscription_in(self, state):
        """Return a subscription of a state, reached by its actions."""
        with freeze_time("2026-05-01 09:00:00"):
            self.monthly.trial_days = 30 if state is State.TRIAL else 0
            subscription = self.subscribe(on="2026-05-01", start=state != State.DRAFT)
        reach = {
            State.PAUSED: lambda: subscription.pause(self.today),
            State.SUSPENDED: subscription.suspend,
            State.PAST_DUE: lambda: subscription._set_state("past_due"),
            State.CANCELLED: lambda: subscription._end_on(self.today),
            State.EXPIRED: lambda: subscription._end_on(self.today, expires=True),
        }
        reach.get(state, lambda: None)()
        self.assertEqual(subscription.state, state)
        return subscription

    def calls(self, subscription):
        """Return {method: (arguments, the states in which it is allowed)}."""
        day, line = self.today, subscription.line_ids[:1]
        grantable = CHANGEABLE | {State.DRAFT}
        other = self.subscribe(on="2026-05-01")
        return {
            "action_activate": ((), {State.DRAFT, State.TRIAL}),
            "action_renew": ((), RENEWABLE),
            "action_renew_shown": ((), RENEWABLE),
            "action_resume": ((), {State.PAUSED}),
            "action_undo_cancellation": ((), set()),
            "action_remove_discounts": ((), {State.DRAFT}),
            "action_score_health": ((), ONGOING),
            "pause": ((day,), PAUSABLE | {State.TRIAL}),
            "resume": ((day,), {State.PAUSED}),
            "suspend": ((), PAUSABLE),
            "reactivate": ((), {State.SUSPENDED}),
            "change_quantity": ((line, 3, day), CHANGEABLE),
            "change_price": ((line, 3.0, day), CHANGEABLE),
            "change_plan": ((line, self.yearly, day), CHANGEABLE),
            "grant_discount": (({"percent": 10}, day), grantable),
            "transfer": ((self.other, day), CHANGEABLE),
            "merge_into": ((other, day), PAUSABLE),
            "align_with": ((other, day), CHANGEABLE - {State.TRIAL}),
        }

    def test_wrong_states_are_refused(self):
        for state in State:
            subscription = self.subscription_in(state)
            for name, (arguments, allowed) in self.calls(subscription).items():
                if state in allowed:
                    continue
                with self.subTest(state=state.value, method=name):
                    outcome = self.call_method(subscription, name, arguments)
                    self.assertEqual(outcome, "refused")

    def test_right_states_are_accepted(self):
        for state in State:
            subscription = self.subscription_in(state)
            for name, (arguments, allowed) in self.calls(subscription).items():
                if state not in allowed:
                    continue
                with self.subTest(state=state.value, method=name):
                    outcome = self.call_method(subscription, name, arguments)
                    self.assertIn(outcome, ("written", "harmless"))
