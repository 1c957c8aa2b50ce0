from datetime import date
from decimal import Decimal

import pytest
from billing_core.billing_calendar import BillingCalendar, Interval, IntervalUnit
from billing_core.discounts import Discount, carried_over, discounted, spread
from billing_core.errors import InvalidDiscount
from hypothesis import given
from hypothesis import strategies as st


def share(percent="0", fixed="0", cycles=None):
    return Discount(Decimal(percent), Decimal(fixed), cycles)


@pytest.mark.parametrize(("percent", "fixed"), [("101", "0"), ("-1", "0"), ("0", "-1")])
def test_a_discount_outside_its_bounds_is_refused(percent, fixed):
    with pytest.raises(InvalidDiscount):
        share(percent, fixed)


def test_percentages_compound():
    assert discounted(Decimal(100), [share("10"), share("10")]) == 81


def test_percentages_come_before_fixed_amounts():
    assert discounted(Decimal(100), [share(fixed="5"), share("10")]) == 85


def test_a_discount_never_turns_a_credit_into_a_charge():
    assert discounted(Decimal(-10), [share(fixed="5")]) == -10


@pytest.mark.parametrize(
    ("cycles", "held"), [(None, [0, 1, 2, 99]), (2, [0, 1]), (0, [])]
)
def test_a_discount_applies_to_its_cycles_only(cycles, held):
    discount = share("10", cycles=cycles)
    assert [cycle for cycle in (0, 1, 2, 99) if discount.applies_in(cycle)] == held


@pytest.mark.parametrize(
    ("amount", "prices", "shares"),
    [
        ("50", ["30", "700"], ["30", "20"]),
        ("50", ["700", "30"], ["50", "0"]),
        ("50", ["30", "15", "5", "9"], ["30", "15", "5", "0"]),
        ("50", ["0", "-10", "700"], ["0", "0", "50"]),
        ("50.01", ["16.67", "16.67", "16.67"], ["16.67", "16.67", "16.67"]),
        # More than the sum of prices: the last one takes the excess.
        ("50", ["30"], ["50"]),
        ("50", ["30", "10"], ["30", "20"]),
        # The price of usage is unknown: the others come first.
        ("50", [None, "30"], ["20", "30"]),
        ("50", [None, "70", None], ["0", "50", "0"]),
        ("50", [None, None], ["50", "0"]),
        ("50", [], []),
    ],
)
def test_a_discount_amount_is_spread_in_the_order_of_the_prices(amount, prices, shares):
    known = [price and Decimal(price) for price in prices]
    assert spread(Decimal(amount), known) == [Decimal(share) for share in shares]


AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)
SHARES = st.decimals(min_value=0, max_value=100, places=1)


@given(AMOUNTS, st.lists(st.builds(Discount, SHARES, AMOUNTS), max_size=4))
def test_a_discounted_price_lies_between_zero_and_the_price(price, discounts):
    assert 0 <= discounted(price, discounts) <= price


@given(AMOUNTS, st.lists(st.none() | AMOUNTS, min_size=1, max_size=5))
def test_the_parts_of_a_discount_amount_add_up_to_it(amount, prices):
    shares = spread(amount, prices)
    assert sum(shares) == amount
    assert min(shares) >= 0


def calendar(start, unit, length=1):
    return BillingCalendar(start, Interval(length, IntervalUnit(unit)))


@pytest.mark.parametrize(
    ("granted", "old", "new", "on", "expected"),
    [
        # Forever: an amount is as much in the same time, a share is a share.
        (("0", "100", None), "year", "month", date(2027, 1, 1), ("0", "8.33", None)),
        (("10", "10", None), "month", "year", date(2026, 3, 1), ("10", "120", None)),
        # 10 of 12 months are left: 50 % of them are 41.67 % of a year.
        (("50", "0", 12), "month", "year", date(2026, 3, 1), ("41.67", "0", 1)),
        # 14 of 16 months are left: two years have it.
        (("50", "0", 16), "month", "year", date(2026, 3, 1), ("29.17", "0", 2)),
        # 3 months of 10 off are 30 off, once.
        (("0", "10", 5), "month", "year", date(2026, 3, 1), ("0", "30.00", 1)),
        # 183 of 365 days are left of 120 off a year: 60.16 in a bit over six months.
        (("0", "120", 1), "year", "month", date(2026, 7, 2), ("0", "8.59", 7)),
    ],
)
def test_a_discount_is_converted_to_periods_of_another_length(
    granted, old, new, on, expected
):
    start = date(2026, 1, 1)
    discount = Discount(Decimal(granted[0]), Decimal(granted[1]), granted[2], start)
    gone_on = carried_over(discount, on, calendar(start, old), calendar(on, new))
    found = (round(gone_on.percent, 2), round(gone_on.fixed, 2), gone_on.cycles)
    assert found == (Decimal(expected[0]), Decimal(expected[1]), expected[2])
    assert gone_on.since == on


def test_an_expired_discount_is_not_carried_over():
    start, on = date(2026, 1, 1), date(2026, 3, 1)
    old, new = calendar(start, "month"), calendar(on, "year")
    assert carried_over(share("10", cycles=2), on, old, new) is None


@given(
    st.integers(1, 40),
    st.sampled_from([("day", 1), ("week", 2), ("month", 1), ("month", 3), ("year", 1)]),
    st.sampled_from([("day", 1), ("week", 2), ("month", 1), ("month", 3), ("year", 1)]),
    st.integers(0, 400),
)
def test_a_carried_over_discount_never_exceeds_the_original_total(
    cycles, old, new, days
):
    start = date(2026, 1, 1)
    on = date.fromordinal(start.toordinal() + days)
    before, after = calendar(start, *old), calendar(on, *new)
    discount = Discount(Decimal(50), Decimal(9), cycles, start)
    gone_on = carried_over(discount, on, before, after)
    if on >= before.boundary(cycles):
        assert gone_on is None
        return
    assert gone_on.percent <= 50
    # All that is taken off: what is left of the periods, at 9 each.
    index = before.index_on(on)
    period = before.regular_period(index)
    rest = Decimal((period.end - on).days) / Decimal((period.end - period.start).days)
    left = (cycles - index - 1 + rest) * 9
    assert abs(gone_on.fixed * gone_on.cycles - left) < Decimal("1e-9")
