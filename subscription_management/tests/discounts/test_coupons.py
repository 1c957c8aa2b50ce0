from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Date
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestCoupons(SubscriptionCase):
    """One code means one coupon, in every company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.here = cls.env.company
        cls.there = cls.setup_other_company()["company"]
        cls.nowhere = cls.env["res.company"]

    def coupon(self, company, **values):
        return self.env["subscription.coupon"].create(
            {"code": "SPRING", "percent": 50, "company_id": company.id, **values}
        )

    @mute_logger("odoo.sql_db")
    def test_a_code_exists_once_in_a_company_and_once_for_all_companies(self):
        for company in (self.here, self.nowhere):
            coupon = self.coupon(company, active=False)
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.coupon(company, code=" spring")
            coupon.unlink()

    def test_two_companies_use_the_same_code(self):
        self.coupon(self.there, percent=10)
        subscription = self.subscribe(on="2026-04-01", start=False)
        own = self.coupon(self.here)
        subscription.redeem_coupon("SPRING", Date.to_date("2026-04-01"))
        self.assertEqual(subscription.line_ids.discount_ids.coupon_id, own)

    def test_a_code_of_all_companies_cannot_be_used_by_one_company(self):
        self.coupon(self.nowhere, active=False)
        other = self.coupon(self.there, code="OTHER")
        taken = self.assertRaisesRegex(ValidationError, "for all companies; choose")
        with taken, self.env.cr.savepoint():
            self.coupon(self.there)
        with taken:
            other.code = "spring "

    def test_a_code_of_an_invisible_company_cannot_be_used_for_all(self):
        self.coupon(self.there)
        here = self.env["subscription.coupon"].with_context(
            allowed_company_ids=self.here.ids
        )
        with self.assertRaisesRegex(ValidationError, f"in {self.there.name}; choose"):
            here.with_user(self.env.user).create(
                {"code": "spring", "percent": 5, "company_id": False}
            )

    def test_a_reason_cannot_offer_a_coupon_of_another_company(self):
        theirs = self.coupon(self.there)
        reasons = self.env["subscription.cancellation.reason"]
        values = {"name": "The price", "offer": "coupon", "coupon_id": theirs.id}
        with self.assertRaisesRegex(UserError, "belongs to another company"):
            reasons.create({**values, "company_id": self.here.id})
        because = reasons.create({**values, "company_id": self.there.id})
        with self.assertRaisesRegex(UserError, "belongs to another company"):
            because.company_id = self.here

    def test_a_shared_reason_offers_a_coupon_of_one_company(self):
        """With a single company, its records do not show their company."""
        own = self.coupon(self.here)
        because = self.env["subscription.cancellation.reason"].create(
            {"name": "The price", "offer": "coupon", "coupon_id": own.id}
        )
        self.assertFalse(because.company_id)

    @freeze_time("2026-04-11 09:00:00")
    def test_an_accepted_offer_redeems_the_previewed_coupon(self):
        subscription = self.subscribe(on="2026-04-01")
        shown = self.coupon(self.nowhere)
        because = self.env["subscription.cancellation.reason"].create(
            {"name": "The price", "offer": "coupon", "coupon_id": shown.id}
        )
        other = self.coupon(self.here, code="OTHER", percent=10)
        # As two transactions at once, or an earlier version, could have left it.
        self.env.cr.execute(
            "UPDATE subscription_coupon SET code = 'SPRING' WHERE id = %s", [other.id]
        )
        self.env.invalidate_all()
        subscription.accept_offer(because, Date.to_date("2026-05-01"))
        self.assertEqual(subscription.line_ids.discount_ids.coupon_id, shown)

    def test_a_copy_of_a_coupon_has_the_next_free_code(self):
        coupon = self.coupon(self.here)
        self.coupon(self.there, code="SPRING-3", active=False)
        copies = [coupon.copy() for _each in range(2)]
        self.assertEqual([each.code for each in copies], ["SPRING-2", "SPRING-4"])
        self.assertEqual(copies[0].percent, 50)
        self.assertEqual(coupon.copy({"code": "autumn"}).code, "AUTUMN")

    def test_a_coupon_without_a_code_is_refused(self):
        coupon = self.coupon(self.here)
        refused = self.assertRaisesRegex(ValidationError, "needs a code")
        for code in ("", "  ", False):
            with refused, self.env.cr.savepoint():
                self.coupon(self.here, code=code)
            with refused, self.env.cr.savepoint():
                coupon.code = code
        with refused:
            self.env["subscription.coupon"].create({"percent": 5})
