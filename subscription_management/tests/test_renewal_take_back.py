from freezegun import freeze_time

from odoo.tests import tagged

from .common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestRenewalTakeBack(SubscriptionCase):
    """A renewal goes until its term begins, unless something stands on it."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "sales_team.group_sale_manager"
        )

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

    def renew(self, subscription, on="2027-03-10"):
        with freeze_time(f"{on} 09:00:00"):
            subscription.action_renew()
        return self.newest(subscription, "renewed")

    def quote(self, subscription, on):
        with freeze_time(f"{on} 09:00:00"):
            subscription.action_quote_renewal()
        return subscription.renewal_order_ids.sorted("id")[-1:]

    def take_back(self, change, on):
        with freeze_time(f"{on} 09:00:00"):
            change.action_undo()

    def april(self, subscription):
        """Return what April 2027 is billed."""
        self.bill("2027-04-01")
        april = subscription.billed_period_ids.filtered(
            lambda row: row.date_start == self.day("2027-04-01")
        )
        return april.mapped("amount")

    def test_it_goes_with_the_quotation_of_the_term_after_it(self):
        subscription = self.subscribe_for_a_year()
        renewal = self.renew(subscription)
        order = self.quote(subscription, on="2027-03-11")
        self.assertEqual(order.managed_renews_from, self.day("2028-04-01"))
        self.take_back(renewal, on="2027-03-12")
        self.assertEqual(order.state, "cancel")
        self.assertIn("the term before the one", order.message_ids[0].body)
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))
        self.run_action("ir_cron_renew", "2027-03-31")
        self.assertEqual(self.april(subscription), [])

    def test_a_price_at_which_the_next_term_is_quoted_is_taken_back(self):
        subscription = self.subscribe_for_a_year()
        with freeze_time("2027-03-11 09:00:00"):
            change = subscription.change_price(
                subscription.line_ids, 20, self.day("2027-03-25")
            )
        order = self.quote(subscription, on="2027-03-11")
        self.take_back(change, on="2027-03-12")
        with freeze_time("2027-03-13 09:00:00"):
            order.action_update_renewal()
            order.action_confirm()
        self.assertEqual(self.april(subscription), [33])
