"""Price models: amounts, their parts, and the independence of each model."""

import ast
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import billing_core
import pytest
from billing_core.billing_calendar import BillingCalendar
from billing_core.errors import (
    FloorAboveCap,
    InvalidPackageSize,
    NegativeQuantity,
    NoTiers,
    QuantityBeyondTiers,
    TierAfterUnlimited,
    TierOutOfOrder,
)
from billing_core.invoice_plan import plan_invoice
from billing_core.line import Line
from billing_core.money import raised
from billing_core.plan_comparison import ComparisonWindow, costs_in
from billing_core.price_models import (
    Flat,
    Graduated,
    Package,
    PercentageOfAmount,
    PercentOfTotal,
    PerUnit,
    PriceModel,
    PricePart,
    Stairstep,
    Tier,
    Volume,
)
from billing_core.rating import Terms, price_of, price_of_usage, rate
from billing_core.renewal import raised_terms
from hypothesis import given
from hypothesis import strategies as st

from .agreed import MONTHLY, day
from .histories import ILS


def tiers(*rows):
    """Tiers from (up to, unit price, flat fee) in text; "-" for no end."""
    return tuple(
        Tier(None if row[0] == "-" else Decimal(row[0]), *map(Decimal, row[1:]))
        for row in rows
    )


CALLS = tiers(("1000", "0.10"), ("10000", "0.05"), ("-", "0.01"))
SEATS = tiers(("5", "7"), ("10", "6.5"), ("-", "6"))
FEES = tiers(("10", "10", "2"), ("20", "5", "3"), ("-", "5", "3"))
BLOCKS = tiers(("25", "0", "90"), ("100", "0", "150"))

AMOUNTS = [
    (Flat(Decimal(99)), "0", "99"),
    (Flat(Decimal(99)), "160", "99"),
    (PerUnit(Decimal(7)), "10", "70"),
    (PerUnit(Decimal("0.001")), "100000", "100"),
    (PerUnit(Decimal(7)), "0", "0"),
    (PerUnit(Decimal("0.000000000001")), "1000000000000", "1"),
    (Graduated(CALLS), "0", "0"),
    (Graduated(CALLS), "1000", "100"),
    (Graduated(CALLS), "1001", "100.05"),
    (Graduated(CALLS), "15000", "600"),
    (Graduated(FEES), "0", "2"),
    (Graduated(FEES), "10", "102"),
    (Graduated(FEES), "10.5", "107.5"),
    (Graduated(FEES), "21", "163"),
    (Volume(SEATS), "0", "0"),
    (Volume(SEATS), "5", "35"),
    (Volume(SEATS), "5.5", "35.75"),
    (Volume(SEATS), "6", "39"),
    (Volume(SEATS), "20", "120"),
    (Volume(FEES), "0", "2"),
    (Volume(FEES), "11", "58"),
    (Stairstep(BLOCKS), "0", "90"),
    (Stairstep(BLOCKS), "25", "90"),
    (Stairstep(BLOCKS), "26", "150"),
    (Stairstep(BLOCKS), "100", "150"),
    (Stairstep(BLOCKS, Decimal(2)), "101.5", "153"),
    (Stairstep(BLOCKS, Decimal(0)), "400", "150"),
    (Package(Decimal(5), Decimal(100), Decimal(100)), "0", "0"),
    (Package(Decimal(5), Decimal(100), Decimal(100)), "100", "0"),
    (Package(Decimal(5), Decimal(100), Decimal(100)), "201", "10"),
    (Package(Decimal("1.25"), Decimal(1000000)), "0.5", "1.25"),
    (PercentOfTotal(Decimal(10)), "1000", "100"),
    (PercentOfTotal(Decimal("12.5")), "80", "10"),
    (PercentOfTotal(Decimal(10), Decimal(20), Decimal(500)), "199", "20"),
    (PercentOfTotal(Decimal(10), Decimal(20), Decimal(500)), "5001", "500"),
    (PercentOfTotal(Decimal(10)), "-50", "-5"),
    (PercentageOfAmount(Decimal("1.2"), Decimal("0.10")), "50", "0.70"),
    (PercentageOfAmount(Decimal(3), Decimal("0.10")), "0", "0.10"),
]


@pytest.mark.parametrize(("model", "quantity", "amount"), AMOUNTS)
def test_an_amount_is_as_in_the_table(model, quantity, amount):
    assert model.amount(Decimal(quantity)) == Decimal(amount)
    parts = model.parts(Decimal(quantity))
    assert sum(part.amount for part in parts) == Decimal(amount)


EVENTS = [
    # percent, fee, free events, free amount, least, most; events; amounts
    (("1.2", "0.10", 3, "500"), "50 50 50 50", "0 0 0 0.70"),
    (("1.2", "0.10", 3, "100"), "50 80 50 50", "0 0.46 0.70 0.70"),
    (("1.2", "0.10", None, "100"), "100 1", "0 0.112"),
    (("1.2", "0.10", 1, None), "9000 100", "0 1.30"),
    (("2", "0", None, None, "1", "5"), "10 100 1000", "1 2 5"),
    (("2", "0", 1, None, "1", "5"), "10 10", "0 1"),
    (("2", "0.50", 1, "10"), "0 0", "0 0.50"),
]


@pytest.mark.parametrize(("terms", "events", "amounts"), EVENTS)
def test_an_event_costs_its_percentage_and_fee_after_the_allowance(
    terms, events, amounts
):
    model = PercentageOfAmount(
        *(Decimal(each) if isinstance(each, str) else each for each in terms)
    )
    parts = model.parts_of_events(map(Decimal, events.split()))
    assert [part.amount for part in parts] == [*map(Decimal, amounts.split())]


def test_a_percentage_of_tiers_is_graduated_by_a_rate():
    rates = tiers(("10", "0.01", "200"), ("20", "0.02", "300"), ("-", "0.03", "400"))
    assert Graduated(rates).amount(Decimal(21)) == Decimal("900.33")


@pytest.mark.parametrize(
    "model",
    [
        Flat(Decimal(1)),
        PerUnit(Decimal(1)),
        Graduated(SEATS),
        Volume(SEATS),
        Stairstep(BLOCKS),
        Package(Decimal(1), Decimal(1)),
        PercentageOfAmount(Decimal(1)),
    ],
)
def test_a_negative_quantity_is_refused(model):
    with pytest.raises(NegativeQuantity):
        model.amount(Decimal(-1))
    with pytest.raises(NegativeQuantity):
        model.parts(Decimal(-1))


@pytest.mark.parametrize("model", [Graduated, Volume, Stairstep])
@pytest.mark.parametrize(
    ("rows", "error", "row"),
    [
        ([], NoTiers, None),
        ([("10", "1"), ("10", "1")], TierOutOfOrder, 2),
        ([("10", "1"), ("20", "1"), ("15", "1")], TierOutOfOrder, 3),
        ([("0", "1")], TierOutOfOrder, 1),
        ([("-", "1"), ("10", "1")], TierAfterUnlimited, 2),
    ],
)
def test_tiers_out_of_order_are_refused_with_their_row(model, rows, error, row):
    with pytest.raises(error) as refused:
        model(tiers(*rows))
    assert getattr(refused.value, "row", None) == row


@pytest.mark.parametrize("model", [Graduated, Volume, Stairstep])
def test_a_quantity_that_no_tier_holds_is_refused(model):
    for question in (model(BLOCKS).amount, model(BLOCKS).parts):
        with pytest.raises(QuantityBeyondTiers, match="101"):
            question(Decimal(101))


def test_a_package_size_of_zero_is_refused():
    with pytest.raises(InvalidPackageSize):
        Package(Decimal(1), Decimal(0))


def test_a_minimum_above_the_maximum_is_refused():
    with pytest.raises(FloorAboveCap):
        PercentOfTotal(Decimal(1), floor=Decimal(2), cap=Decimal(1))
    with pytest.raises(FloorAboveCap):
        PercentageOfAmount(
            Decimal(1), minimum_per_event=Decimal(2), maximum_per_event=Decimal(1)
        )


PRICES = st.decimals(min_value=0, max_value=100, places=4)
QUANTITIES = st.decimals(min_value=0, max_value=400, places=2)


@st.composite
def random_tiers(draw):
    bounds = sorted(draw(st.sets(st.integers(1, 300), max_size=6)))
    return tuple(
        Tier(None if bound is None else Decimal(bound), draw(PRICES), draw(PRICES))
        for bound in [*bounds, None]
    )


@given(random_tiers(), st.integers(0, 400))
def test_a_graduated_amount_is_the_sum_over_single_units(rows, units):
    expected = rows[0].flat_fee
    reached = 0
    for number in range(1, units + 1):
        row = next(
            index
            for index, tier in enumerate(rows)
            if tier.up_to is None or number <= tier.up_to
        )
        if row != reached:
            expected += rows[row].flat_fee
            reached = row
        expected += rows[row].unit_price
    assert Graduated(rows).amount(Decimal(units)) == expected


@given(random_tiers(), QUANTITIES)
def test_parts_add_up_to_the_amount(rows, quantity):
    for model in (Graduated(rows), Volume(rows), Stairstep(rows)):
        parts = model.parts(quantity)
        assert sum(part.amount for part in parts) == model.amount(quantity)


@given(random_tiers(), QUANTITIES)
def test_the_parts_of_a_graduated_price_hold_every_unit_once(rows, quantity):
    parts = Graduated(rows).parts(quantity)
    assert sum(part.quantity for part in parts) == quantity
    assert [part.tier for part in parts] == list(range(len(parts)))


@given(PRICES, QUANTITIES)
def test_one_unlimited_tier_is_a_price_per_unit(price, quantity):
    rows = (Tier(None, price),)
    for model in (Graduated(rows), Volume(rows)):
        assert model.amount(quantity) == PerUnit(price).amount(quantity)


@given(PRICES, st.integers(1, 50), st.integers(0, 50), st.integers(0, 500))
def test_the_first_unit_of_a_package_charges_all_of_it(price, size, included, units):
    begun, left = 0, units - included
    while left > 0:
        begun, left = begun + 1, left - size
    package = Package(price, Decimal(size), Decimal(included))
    assert package.amount(Decimal(units)) == begun * price


@given(
    st.lists(st.decimals(min_value=0, max_value=500, places=2), max_size=8),
    st.none() | st.integers(0, 5),
    st.none() | st.decimals(min_value=0, max_value=900, places=2),
)
def test_an_allowance_never_increases_the_price_of_events(
    events, free_events, free_amount
):
    plain = PercentageOfAmount(Decimal("2.9"), Decimal("0.30"))
    allowed = PercentageOfAmount(
        Decimal("2.9"), Decimal("0.30"), free_events, free_amount
    )
    assert 0 <= allowed.amount_of_events(events) <= plain.amount_of_events(events)


@dataclass(frozen=True, slots=True)
class SquareRoot(PriceModel):
    """A price model that the core does not know."""

    factor: Decimal

    def amount(self, quantity):
        return self.factor * quantity.sqrt()

    def parts(self, quantity):
        return (PricePart(quantity.sqrt(), self.factor),)

    def raised(self, percent):
        return SquareRoot(raised(self.factor, percent))


def test_a_new_price_model_is_rated_raised_billed_and_compared_without_other_changes():
    terms = Terms(SquareRoot(Decimal(10)), minimum=Decimal(5))
    assert rate(terms, Decimal(9)).amount == 30
    assert price_of(raised_terms(terms, Decimal(10)), Decimal(9)) == 33
    assert price_of_usage(terms, [Decimal(4), Decimal(5)]) == 30
    calendar = BillingCalendar(day("2026-04-01"), MONTHLY)
    seats = Line(1, calendar, terms, Decimal(9), calendar.start)
    assert plan_invoice([seats], [], ILS, calendar.start).amount == 30
    assert costs_in(ComparisonWindow(calendar, 0, 3), [seats], ILS) == {1: 90}


def test_no_module_of_the_core_depends_on_a_single_price_model():
    core = Path(billing_core.__file__).parent
    named = {
        alias.name
        for module in core.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "price_models"
        for alias in node.names
    }
    assert named <= {"PriceModel", "PricePart"}


def test_only_models_with_an_allowance_of_their_own_are_reduced_to_a_part():
    half = Fraction(1, 2)
    card = PercentageOfAmount(Decimal(1), free_events=3, free_amount=Decimal(500))
    assert card.for_part(half) == PercentageOfAmount(
        Decimal(1), free_events=1, free_amount=Decimal(250)
    )
    assert PerUnit(Decimal(7)).for_part(half) is None


@pytest.mark.parametrize(
    "model", [Flat(Decimal(9)), PerUnit(Decimal(9)), Package(Decimal(9), Decimal(1))]
)
def test_a_single_price_is_not_raised_by_its_model(model):
    assert model.raised(Decimal(10)) == model
