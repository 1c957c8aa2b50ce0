from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestPriceLimits(SubscriptionCase):
    """Limits of the values of prices, coupons and plans."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env["subscription.pricing.rule"].create(
            {
                "plan_id": cls.monthly.id,
                "product_id": cls._make_product("Storage", 1).id,
                "pricing_model": "volume",
                "tier_ids": [
                    Command.create({"up_to": up_to, "unit_price": price})
                    for up_to, price in ((10, 3), (20, 2), (0, 1))
                ],
            }
        )

    def ends(self, *ends):
        return [
            Command.update(tier.id, {"up_to": end})
            for tier, end in zip(self.rule.tier_ids, ends, strict=False)
        ]

    def assert_refused(self, record, values):
        with self.subTest(record=record._name, values=values):
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    record.write(values)
                    record.flush_recordset()
            except (CheckViolation, ValidationError):
                return
            self.fail("It was accepted.")

    def test_two_tiers_change_in_one_save(self):
        self.rule.tier_ids = self.ends(20, 30)
        self.assertEqual(self.rule.tier_ids.mapped("up_to"), [20, 30, 0])

    def test_one_save_that_leaves_tiers_in_disorder_is_refused_with_the_row(self):
        with self.assertRaisesRegex(ValidationError, "Tier 2 ends at 30"):
            self.rule.tier_ids = self.ends(40, 30)

    def test_a_tier_alone_is_checked_at_once(self):
        with self.assertRaisesRegex(ValidationError, "Tier 2 ends at 20"):
            self.rule.tier_ids[0].up_to = 20

    def test_no_value_of_a_price_is_negative(self):
        for name in ("unit_price", "flat_fee", "up_to"):
            self.assert_refused(self.rule.tier_ids[1], {name: -1})
        for name in (
            "percent",
            "included_quantity",
            "overage_price",
            "minimum_amount",
            "maximum_amount",
            "package_size",
        ):
            self.assert_refused(self.rule, {name: -1})

    def test_a_coupon_refuses_impossible_limits(self):
        coupon = self.env["subscription.coupon"].create({"code": "ten", "percent": 10})
        for values in (
            {"percent": -1},
            {"percent": 101},
            {"cycles": -1},
            {"max_redemptions": -1},
            {"max_per_customer": -1},
            {"date_from": "2026-05-01", "date_to": "2026-04-30"},
        ):
            self.assert_refused(coupon, values)

    def test_a_discount_refuses_a_negative_number_of_periods(self):
        line = self.subscribe(on="2026-04-01", start=False).line_ids
        line.discount_ids = [
            Command.create({"percent": 10, "date_start": "2026-04-01"})
        ]
        self.assert_refused(line.discount_ids, {"cycles": -1})

    def test_renewal_terms_that_lead_to_negative_prices_are_refused(self):
        for values in (
            {"early_renewal_percent": -1},
            {"early_renewal_percent": 101},
            {"uplift_kind": "fixed", "uplift_percent": -1},
            {"uplift_kind": "index", "uplift_index_id": False},
            {"uplift_floor": -101},
            {"uplift_cap": -1},
            {"uplift_percent": -101},
        ):
            self.assert_refused(self.monthly, values)
