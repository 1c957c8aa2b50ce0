from datetime import date
from decimal import Decimal

from odoo.tests import TransactionCase, tagged

from ..billing_core import errors
from ..models.error_messages import translated

LOGGER = "odoo.addons.subscription_management.models.error_messages"


@tagged("post_install", "-at_install")
class TestErrorMessages(TransactionCase):
    def sentence(self, error, **context):
        return translated(self.env(context=context), error)

    def test_every_sentence_can_be_formatted_for_a_reader(self):
        for error in (
            errors.NoTiers(),
            errors.QuantityBeyondTiers(Decimal("300.50"), Decimal(200)),
            errors.CircularPercentBase(("Support", "Care")),
            errors.InvalidDiscount(Decimal(101), Decimal(0)),
        ):
            with self.subTest(error.code):
                self.assertEqual(self.sentence(error, lang="en_US"), str(error))

    def test_dates_are_in_the_format_of_the_reader(self):
        error = errors.NothingToChange(date(2026, 4, 16))
        self.env["res.lang"]._activate_lang("fr_FR")
        self.assertIn("04/16/2026", self.sentence(error, lang="en_US"))
        self.assertIn("16/04/2026", self.sentence(error, lang="fr_FR"))

    def test_an_interval_is_in_the_singular_or_the_plural(self):
        for length, shown in ((1, "1 week "), (2, "2 weeks ")):
            error = errors.UnalignableInterval("day_of_month", length, "week")
            self.assertIn(f"Periods of {shown}", self.sentence(error))

    def test_a_sentence_of_the_core_is_translated(self):
        self.env["res.lang"]._activate_lang("he_IL")
        self.env["ir.module.module"].search(
            [("name", "=", "subscription_management")]
        )._update_translations(["he_IL"])
        sentence = self.sentence(errors.InvalidAnchorDay(32), lang="he_IL")
        self.assertNotEqual(sentence, str(errors.InvalidAnchorDay(32)))

    def test_an_internal_error_is_logged_and_shown_with_its_code_only(self):
        with self.assertLogs(LOGGER, "ERROR") as logged:
            sentence = self.sentence(errors.UnknownLine(7))
        self.assertIn("line 7, which is not planned", logged.output[0])
        self.assertEqual(
            sentence,
            "This subscription could not be billed; contact support "
            "(code unknown_line).",
        )
