from decimal import Decimal

import pytest
from billing_core.discounts import Discount
from billing_core.errors import FloorAboveCap
from billing_core.money import Currency
from billing_core.price_models import Flat, Graduated, Package, PerUnit, Tier
from billing_core.rating import Terms, rate, rated_amount
from hypothesis import given
from hypothesis import strategies as st

ILS = Currency("ILS", Decimal("0.01"))
TEN = PerUnit(Decimal(10))


def off(percent="0", fixed="0", cycles=None):
    return Discount(Decimal(percent), Decimal(fixed), cycles)


def terms(price=TEN, **values):
    return Terms(
        price,
        **{
            name: Decimal(value) if isinstance(value, str) else value
            for name, value in values.items()
        },
    )


STEPS = [
    # 130 used, 100 included, 2 each.
    (terms(PerUnit(Decimal(2)), included="100"), "130", "60.00"),
    (terms(PerUnit(Decimal(2)), included="100"), "90", "0.00"),
    # 3 dozens are 36 pieces, of which 6 are included: units are converted first.
    (terms(units_per_quantity="12", included="6"), "3", "300.00"),
    # 10 % of 100.00, then 5.00, in whatever order they were given.
    (terms(discounts=(off(fixed="5"), off("10"))), "10", "85.00"),
    # The maximum is of the discounted price: 100.00 - 10 % = 90.00.
    (terms(discounts=(off("10"),), maximum="95"), "10", "90.00"),
    (terms(discounts=(off("10"),), maximum="80"), "10", "80.00"),
    # The minimum comes last: a discount does not undercut it.
    (terms(discounts=(off("50"),), minimum="70"), "10", "70.00"),
    (terms(minimum="70"), "0", "70.00"),
    # Only the end is rounded: 3 × 0.333 333 = 0.999 999.
    (terms(PerUnit(Decimal("0.333333"))), "3", "1.00"),
    (terms(PerUnit(Decimal("0.005"))), "1", "0.01"),
    # 201 messages of which 100 are included, 5.00 for each 100 begun.
    (terms(Package(Decimal(5), Decimal(100)), included="100"), "201", "10.00"),
]


@pytest.mark.parametrize(("agreed", "quantity", "amount"), STEPS)
def test_rating_steps_apply_in_their_order(agreed, quantity, amount):
    rated = rated_amount(agreed, Decimal(quantity), ILS)
    assert str(rated) == amount
    assert ILS.round(rate(agreed, Decimal(quantity)).amount) == rated


def test_a_rating_shows_its_steps():
    agreed = terms(included="20", discounts=(off("10"),), maximum="600", minimum="100")
    seen = rate(agreed, Decimal(120))
    assert seen.quantity == 100
    assert seen.price == 1000
    assert seen.discount == 100
    assert seen.above_maximum == 300
    assert seen.true_up == 0
    assert seen.amount == 600
    # Of the 120 that were asked for, the 20 that are included count as well.
    assert seen.average_unit_price == 5
    few = rate(agreed, Decimal(20))
    assert (few.true_up, few.amount, few.average_unit_price) == (100, 100, 5)
    assert rate(agreed, Decimal(0)).average_unit_price is None


def test_only_the_last_line_of_a_period_is_raised_to_the_minimum():
    agreed = terms(minimum="100")
    amounts = [
        rated_amount(agreed, Decimal(3), ILS, is_last=is_last)
        for is_last in (False, True)
    ]
    assert amounts == [30, 100]


def test_a_minimum_above_the_maximum_is_refused():
    with pytest.raises(FloorAboveCap):
        terms(minimum="2", maximum="1")


AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)
DISCOUNTS = st.builds(
    Discount, st.decimals(min_value=0, max_value=100, places=1), AMOUNTS
)


@st.composite
def random_terms(draw):
    price = draw(AMOUNTS)
    low, high = sorted((draw(AMOUNTS), draw(AMOUNTS)))
    return Terms(
        draw(
            st.sampled_from(
                [
                    Flat(price),
                    PerUnit(price),
                    Package(price, Decimal(7)),
                    Graduated((Tier(Decimal(9), price), Tier(None, price / 2))),
                ]
            )
        ),
        included=draw(AMOUNTS),
        discounts=tuple(draw(st.lists(DISCOUNTS, max_size=3))),
        maximum=draw(st.sampled_from([None, high])),
        minimum=draw(st.sampled_from([None, low])),
    )


@given(random_terms(), AMOUNTS)
def test_the_steps_add_up_to_the_amount(agreed, quantity):
    seen = rate(agreed, quantity)
    steps = seen.price - seen.discount - seen.above_maximum + seen.true_up
    assert steps == seen.amount
    assert sum(part.amount for part in seen.parts) == seen.price
    assert ILS.round(seen.amount) == rated_amount(agreed, quantity, ILS)


@given(random_terms(), AMOUNTS)
def test_an_amount_lies_between_its_minimum_and_maximum(agreed, quantity):
    amount = rate(agreed, quantity).amount
    assert agreed.minimum is None or amount >= agreed.minimum
    assert agreed.maximum is None or amount <= agreed.maximum
    assert amount >= 0
