"""Every error has a code and a sentence with its values."""

from datetime import date
from decimal import Decimal

import pytest
from billing_core import errors

SAMPLES = [
    errors.EmptyPeriod(date(2026, 4, 1), date(2026, 4, 1)),
    errors.InvalidInterval(0),
    errors.UnalignableInterval("day of month", "1 week"),
    errors.InvalidAnchorDay(32),
    errors.InvalidCutOff(-1),
    errors.InvalidMinorUnit("ILS", Decimal(0)),
    errors.NoAllocationWeight((Decimal(0),)),
    errors.NegativeQuantity(Decimal(-1)),
    errors.NoTiers(),
    errors.TierOutOfOrder(2, Decimal(5), Decimal(10)),
    errors.TierAfterUnlimited(3),
    errors.QuantityBeyondTiers(Decimal(300), Decimal(200)),
    errors.InvalidPackageSize(Decimal(0)),
    errors.PriceModelMismatch("graduated", "per_unit"),
    errors.FloorAboveCap(Decimal(20), Decimal(10)),
    errors.InvalidDiscount(Decimal(101), Decimal(0)),
    errors.UnknownLine(7),
    errors.SeriesOnTwoCalendars(7),
    errors.UsageInAdvance(7),
    errors.CircularPercentBase((3, 4)),
    errors.NothingToChange(date(2026, 4, 1)),
    errors.InvalidIndex(Decimal(0), Decimal(100)),
    errors.InvalidScale(Decimal(30)),
    errors.NoDunningStep(),
    errors.StepBeforeDueDate("suspend", -3),
    errors.StepTwiceOnOneDay("charge", 3),
    errors.SuspensionAfterCancellation(30, 20),
    errors.CancelledTwice(30, 20),
    errors.TransitionNotAllowed("draft", "expired", ("active",)),
]


def test_every_error_has_a_sample():
    refusals = set(errors.BillingError.__subclasses__())
    assert {type(sample) for sample in SAMPLES} == refusals


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_a_refusal_is_a_sentence_that_shows_its_values(error):
    text = str(error)
    assert text.endswith(".")
    assert len(text.split()) > 5
    for value in vars(error).values():
        if isinstance(value, int | str | date):
            assert str(value) in text
