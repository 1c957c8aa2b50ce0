"""The renewal letter agrees with the plan."""

from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestRenewalLetter(SubscriptionCase):
    def letter(self, **policy):
        """Return the text of the letter of a yearly term that ends on 1 April 2027."""
        self.customer.email = "galil@example.com"
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "year",
                "early_renewal_percent": 5,
                "renewal_reminder_ids": [Command.create({"days": 30})],
                **policy,
            }
        )
        self.subscribe(on="2026-04-01")
        self.bill("2027-03-01")
        self.run_action("ir_cron_renew", "2027-03-02")
        mails = (
            self.env["mail.mail"].sudo().search([("subject", "like", "The term of")])
        )
        return mails[:1].body_html

    def test_an_automatic_renewal_promises_no_discount(self):
        text = self.letter(renewal_policy="renew")
        self.assertIn("renewed automatically", text)
        self.assertNotIn("discount", text)

    def test_a_plan_with_an_early_renewal_discount_offers_it(self):
        text = self.letter(renewal_policy="ask")
        self.assertIn("Contact us if you want to renew it", text)
        self.assertIn("discount of", text)

    def test_a_plan_without_an_early_renewal_discount_offers_none(self):
        text = self.letter(renewal_policy="ask", early_renewal_percent=0)
        self.assertNotIn("discount", text)
