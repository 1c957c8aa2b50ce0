from datetime import date, timedelta

import pytest
from billing_core.errors import EmptyPeriod
from billing_core.period import Period
from hypothesis import given
from hypothesis import strategies as st

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
PERIODS = st.builds(
    lambda start, days: Period(start, start + timedelta(days=days)),
    DAYS,
    st.integers(1, 800),
)


def days_of(period):
    if period is None:
        return set()
    return {period.start + timedelta(days=each) for each in range(period.days)}


def test_the_end_is_not_part_of_a_period():
    april = Period(date(2026, 4, 1), date(2026, 5, 1))
    assert date(2026, 4, 1) in april
    assert date(2026, 4, 30) in april
    assert date(2026, 5, 1) not in april


def test_a_period_without_a_day_is_refused():
    with pytest.raises(EmptyPeriod, match="later end date"):
        Period(date(2026, 4, 1), date(2026, 4, 1))


@given(PERIODS, PERIODS)
def test_overlap_is_the_days_in_both_periods(one, other):
    assert days_of(one.overlap(other.start, other.end)) == days_of(one) & days_of(other)


@given(PERIODS)
def test_overlap_with_no_bounds_is_the_period_itself(period):
    assert period.overlap(None, None) == period


@given(PERIODS, PERIODS)
def test_without_leaves_the_days_outside_unless_both_sides_are_left(period, taken):
    left = days_of(period) - days_of(taken)
    rest = period.without(taken)
    if period.start < taken.start and taken.end < period.end:
        assert rest == period
    else:
        assert days_of(rest) == left


def test_without_nothing_is_the_period_itself():
    april = Period(date(2026, 4, 1), date(2026, 5, 1))
    assert april.without(None) == april
