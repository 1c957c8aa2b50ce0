"""Base of the tests of charges and dunning."""

from freezegun import freeze_time

from odoo import fields

from ..common import SubscriptionCase


class DunningCase(SubscriptionCase):
    """A customer with saved cards of the host's demo provider, and a policy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        demo = cls.env.ref("payment.payment_provider_demo").sudo()
        cls.provider = demo.copy({"company_id": cls.env.company.id})
        cls.provider.write({"state": "test", "allow_tokenization": True})
        cls.provider.journal_id = cls.company_data["default_journal_bank"]
        cls.card = demo.with_context(active_test=False).payment_method_ids[:1]
        cls.env.company.resource_calendar_id = False
        cls.policies = cls.env["subscription.dunning.policy"]
        cls.cases = cls.env["subscription.dunning.case"]
        cls.policies.search([]).active = False
        cls.letter = cls.env.ref("subscription_management.mail_template_dunning_first")
        cls.policy = cls.make_policy(
            "Usual", (3, "email"), (3, "charge"), (15, "suspend")
        )

    @classmethod
    def make_policy(cls, name, *steps, **values):
        """Return a policy of (day, action) rows."""
        return cls.policies.create(
            {
                "name": name,
                "hour_from": 0,
                "hour_to": 24,
                "step_ids": [
                    fields.Command.create(
                        {"day": day, "action": action, "template_id": cls.letter.id}
                    )
                    for day, action in steps
                ],
                **values,
            }
        )

    @classmethod
    def save_card(cls, answers="done", **values):
        """Return a saved card with the response of its charges."""
        return cls.save_token(
            provider_ref="demo", demo_simulated_state=answers, **values
        )

    @classmethod
    def save_token(cls, **values):
        """Return a payment method saved with the provider of these tests."""
        saved = {
            "provider_id": cls.provider.id,
            "payment_method_id": cls.card.id,
            "payment_details": "4242",
            "partner_id": cls.customer.id,
        }
        token = cls.env["payment.token"].sudo().create({**saved, **values})
        return token.managed_method_ids

    def invoice(self, day, **values):
        """Return the case of the first invoice of a new subscription."""
        with freeze_time(f"{day} 08:00:00"):
            self.subscription = self.subscribe(on=day, **values)
        self.bill(day)
        self.collect(day)
        return self.cases.search(
            [("move_id", "in", self.subscription.invoice_ids.ids)], limit=1
        )

    def bill(self, day, **values):
        """Bill on the morning of a day, by which its invoices are dated."""
        with freeze_time(f"{day} 08:00:00"):
            return super().bill(day, **values)

    def collect(self, day, **values):
        self.run_action("ir_cron_collect", day, **values)

    def pay(self, move, amount, day):
        """Pay a part of an invoice by a bank statement, or all of it."""
        with freeze_time(day):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({"amount": amount, "payment_date": day})._create_payments()
        self.env.invalidate_all()

    def mail_of(self, letter):
        """Return the mail in the host's queue for a letter."""
        return self.env["mail.mail"].search(
            [("mail_message_id", "=", letter.mail_message_id.id)]
        )

    def online_payment(self, move):
        """Return a payment that the customer started on the payment page."""
        transactions = self.env["payment.transaction"].sudo()
        return transactions.create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "reference": transactions._compute_reference("demo", prefix=move.name),
                "amount": move.amount_residual,
                "currency_id": move.currency_id.id,
                "partner_id": move.partner_id.id,
                "operation": "online_direct",
                "invoice_ids": [fields.Command.set(move.ids)],
            }
        )
