"""Every error has a code, and one sentence that names its values."""

import ast
import copy
import pickle
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from billing_core import errors
from billing_core.errors import SENTENCES, BillingError, InternalError

SAMPLES = [
    errors.EmptyPeriod(date(2026, 4, 1), date(2026, 4, 1)),
    errors.InvalidInterval(0),
    errors.UnalignableInterval("day_of_month", 1, "week"),
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
each_error = pytest.mark.parametrize(
    "error", SAMPLES, ids=lambda error: type(error).__name__
)


def leaves(base=BillingError):
    """Return the classes that have no subclass."""
    below = base.__subclasses__()
    return {leaf for each in below for leaf in leaves(each)} if below else {base}


def marked_sentences():
    """Return the texts that the core marks for the export of translations."""
    tree = ast.parse(Path(errors.__file__).read_text())
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_lt"
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_error_has_a_sample():
    assert {type(sample) for sample in SAMPLES} == leaves()


def test_every_code_has_one_error_and_one_sentence():
    codes = [error.code for error in SAMPLES]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(SENTENCES)


@each_error
def test_a_code_is_its_class_name_in_snake_case(error):
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    assert error.code == name


@each_error
def test_a_sentence_shows_its_values(error):
    text = str(error)
    assert text.endswith(".")
    assert len(text.split()) > 5
    for value in error.values().values():
        if isinstance(value, int | str | date):
            assert str(value) in text


@each_error
def test_the_sentence_of_a_user_error_ends_with_the_next_action(error):
    assert (";" in SENTENCES[error.code]) or isinstance(error, InternalError)


@each_error
def test_only_sentences_shown_to_users_are_exported_for_translation(error):
    is_marked = SENTENCES[error.code] in marked_sentences()
    assert is_marked == (not isinstance(error, InternalError))


@each_error
def test_an_error_survives_pickling_and_copying(error):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert str(copy.copy(error)) == str(error)


def test_violated_invariants_are_internal_errors():
    assert leaves(InternalError) == {
        errors.NoAllocationWeight,
        errors.SeriesOnTwoCalendars,
        errors.UnknownLine,
        errors.UsageInAdvance,
    }


@pytest.mark.parametrize(("length", "shown"), [(1, "1 week "), (2, "2 weeks ")])
def test_an_interval_is_shown_in_the_singular_or_the_plural(length, shown):
    error = errors.UnalignableInterval("day_of_month", length, "week")
    assert f"Periods of {shown}" in str(error)
    assert "a day of the month" in str(error)


def test_dates_and_numbers_are_values_and_not_text():
    error = errors.EmptyPeriod(date(2026, 4, 1), date(2026, 3, 1))
    assert error.values() == {"start": date(2026, 4, 1), "end": date(2026, 3, 1)}
    beyond = errors.QuantityBeyondTiers(Decimal("300.00"), Decimal("2E+2"))
    assert "quantity 300 has" in str(beyond)
    assert "ends at 200;" in str(beyond)


def test_an_ended_subscription_can_become_no_other_state():
    error = errors.TransitionNotAllowed("cancelled", "active", ())
    assert str(error).endswith("it can become no other state.")
