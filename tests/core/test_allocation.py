from datetime import date
from decimal import Decimal

import pytest
from billing_core.allocation import allocate
from billing_core.billing_calendar import BillingCalendar, Interval, IntervalUnit
from billing_core.errors import NoAllocationWeight
from billing_core.money import Currency
from hypothesis import given
from hypothesis import strategies as st

ILS = Currency("ILS", Decimal("0.01"))


@given(
    st.decimals(min_value=-(10**7), max_value=10**7, places=4),
    st.lists(st.integers(0, 400), min_size=1, max_size=40).filter(any),
)
def test_parts_add_up_to_the_rounded_whole(amount, weights):
    assert sum(allocate(amount, weights, ILS)) == ILS.round(amount)


@given(
    st.decimals(min_value=0, max_value=10**6, places=2),
    st.lists(st.integers(1, 400), min_size=1, max_size=40),
)
def test_no_part_is_off_by_more_than_one_minor_unit(amount, weights):
    for part, weight in zip(allocate(amount, weights, ILS), weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) <= Decimal("0.01")


def test_a_year_of_1200_by_the_days_of_its_months_adds_up():
    calendar = BillingCalendar(date(2023, 1, 1), Interval(1, IntervalUnit.MONTH))
    days = [calendar.regular_period(month).days for month in range(12)]
    parts = allocate(Decimal(1200), days, ILS)
    assert parts[0] == Decimal("101.92")  # 1200 × 31 / 365
    assert sum(parts) == Decimal("1200.00")


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1], [-1]])
def test_weights_without_a_positive_sum_are_refused(weights):
    with pytest.raises(NoAllocationWeight):
        allocate(Decimal(10), weights, ILS)
