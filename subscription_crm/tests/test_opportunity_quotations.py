from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.subscription_management.tests.quotations.change_quotation_case import (
    ChangeQuotationCase,
)


@tagged("post_install", "-at_install")
class TestOpportunityQuotations(ChangeQuotationCase):
    """Quotations of an opportunity that change a subscription."""

    def setUp(self):
        super().setUp()
        self.lead = self.env["crm.lead"].create(
            {
                "name": "More seats",
                "type": "opportunity",
                "partner_id": self.customer.id,
                "user_id": self.env.user.id,
            }
        )

    def upsell(self, quantity):
        """Return a quotation of another number of seats."""
        action = self.lead.action_upsell()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        form = Form(wizard)
        with form.line_ids.edit(0) as line:
            line.quantity = quantity
        return self.env["sale.order"].browse(form.save().action_quote()["res_id"])

    def test_upsell_opens_the_only_subscription(self):
        order = self.upsell(15)
        self.assertEqual(order.opportunity_id, self.lead)
        self.assertEqual(order.managed_subscription_id, self.subscription)
        self.assertEqual(order.amount_untaxed, 35)

    def test_upsell_lists_several_subscriptions(self):
        other = self.subscribe(self.basic, on="2026-04-01")
        action = self.lead.action_upsell()
        self.assertEqual(action["res_model"], "subscription.subscription")
        self.assertEqual(self.lead.managed_subscription_ids, self.subscription | other)

    def test_a_customer_without_subscriptions_gets_a_new_quotation(self):
        self.lead.partner_id = self.env["res.partner"].create({"name": "Negev Solar"})
        self.assertFalse(self.lead.managed_subscription_ids)
        with self.assertRaisesRegex(UserError, "create a new quotation"):
            self.lead.action_upsell()

    def test_a_user_without_access_to_subscriptions_cannot_upsell(self):
        seller = new_test_user(
            self.env, "seller", "sales_team.group_sale_salesman_all_leads"
        )
        with self.assertRaises(AccessError):
            self.lead.with_user(seller).action_upsell()

    def test_an_opportunity_of_a_contact_has_the_subscriptions_of_its_company(self):
        self.lead.partner_id = self.env["res.partner"].create(
            {"name": "Dana", "parent_id": self.customer.id}
        )
        self.assertEqual(self.lead.managed_subscription_ids, self.subscription)

    def test_a_salesperson_sees_own_subscriptions_only(self):
        rep = new_test_user(
            self.env,
            "rep",
            "sales_team.group_sale_salesman_all_leads,"
            "subscription_management.group_subscription_user",
        )
        self.subscription.user_id = self.env.user
        self.assertFalse(self.lead.with_user(rep).managed_subscription_ids)

    def test_the_highest_quoted_mrr_is_expected(self):
        order = self.upsell(15)
        self.assertEqual(self.lead.recurring_revenue_monthly, 35)
        self.upsell(30)
        self.assertEqual(self.lead.recurring_revenue_monthly, 140)
        order.order_line.product_uom_qty = 40
        self.assertEqual(self.lead.recurring_revenue_monthly, 280)
        order._action_cancel()
        self.assertEqual(self.lead.recurring_revenue_monthly, 140)

    def test_a_won_opportunity_confirms_its_quotation(self):
        order = self.upsell(15)
        self.lead.action_set_won()
        self.assertEqual(order.state, "sale")
        now = self.subscription.line_ids.filtered(lambda line: not line.date_end)
        self.assertEqual(now.quantity, 15)

    def test_a_won_opportunity_with_several_quotations_makes_a_to_do(self):
        first, second = self.upsell(15), self.upsell(30)
        self.lead.action_set_won()
        self.assertEqual((first | second).mapped("state"), ["draft", "draft"])
        self.assertIn(first.name, self.lead.activity_ids.note)
        self.assertIn(second.name, self.lead.activity_ids.note)

    def test_an_outdated_quotation_of_a_won_opportunity_makes_a_to_do(self):
        order = self.upsell(15)
        self.subscription.change_quantity(
            self.subscription.line_ids, 12, self.day("2026-04-16")
        )
        self.lead.action_set_won()
        self.assertEqual(order.state, "draft")
        self.assertEqual(self.lead.won_status, "won")
        self.assertIn("was changed since", self.lead.activity_ids.note)

    def test_the_customer_shows_a_summary_of_subscriptions(self):
        ended = self.subscribe(self.basic, on="2026-02-01")
        self.cancel(ended, self.day("2026-03-01"))
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        self.subscribe(self.basic, on="2026-04-10")
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.managed_monthly_amount, 100)
        self.assertEqual(self.customer.managed_customer_since, self.day("2026-02-01"))
        self.assertEqual(self.customer.managed_next_renewal, self.day("2027-04-10"))
        self.assertEqual(self.customer.managed_open_amount, 81.9)
        self.assertEqual(self.subscription.served_summary, "10 × Seat")
