from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
    StubPolicy,
    Timing,
)
from billing_core.errors import (
    InvalidAnchorDay,
    InvalidCutOff,
    InvalidInterval,
    UnalignableInterval,
)
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

MONTHLY = Interval(1, IntervalUnit.MONTH)
STARTS = st.dates(date(2000, 1, 1), date(2080, 12, 31))
INTERVALS = st.builds(Interval, st.integers(1, 7), st.sampled_from(IntervalUnit))
MONTHS = INTERVALS.filter(lambda interval: interval.months)


def day(text):
    return date.fromisoformat(text)


def on_day(number):
    return Anchor(AnchorKind.DAY_OF_MONTH, number)


def first(calendar, count):
    return [str(period.service) for period in islice(calendar.periods_from(), count)]


@st.composite
def calendars(draw):
    interval = draw(INTERVALS)
    kinds = [AnchorKind.ANNIVERSARY]
    if interval.unit is not IntervalUnit.DAY:
        kinds.append(AnchorKind.CALENDAR)
    if interval.months:
        kinds.append(AnchorKind.DAY_OF_MONTH)
    kind = draw(st.sampled_from(kinds))
    number = draw(st.integers(1, 31)) if kind is AnchorKind.DAY_OF_MONTH else None
    return BillingCalendar(
        draw(STARTS),
        interval,
        Anchor(kind, number),
        timing=draw(st.sampled_from(Timing)),
        stub_policy=draw(st.sampled_from(StubPolicy)),
        cut_off_days=draw(st.integers(0, 20)),
        due_shift_days=draw(st.integers(-10, 10)),
    )


@given(calendars(), st.integers(2, 30))
def test_periods_follow_each_other_without_gap_or_overlap(calendar, count):
    periods = list(islice(calendar.periods_from(), count))
    assert periods[0].service.start == calendar.start
    for before, after in pairwise(periods):
        assert before.service.end == after.service.start


@given(calendars(), st.integers(1, 30))
def test_only_the_first_period_may_be_a_stub(calendar, count):
    for index, period in enumerate(islice(calendar.periods_from(), count)):
        assert period.is_stub == (period.service != period.regular)
        assert not (index and period.is_stub)


@given(calendars(), st.integers(0, 5000))
def test_the_period_on_a_day_holds_that_day(calendar, offset):
    day = calendar.start + timedelta(days=offset)
    assert day in calendar.regular_period(calendar.index_on(day))
    assert day in calendar.period_on(day).service


@given(calendars(), st.integers(0, 3000))
def test_periods_from_a_day_are_the_tail_of_all_periods(calendar, offset):
    day = calendar.start + timedelta(days=offset)
    rest = next(calendar.periods_from(day))
    for period in calendar.periods_from():
        if day in period.service:
            assert period == rest
            break


@given(calendars(), st.integers(2, 30))
def test_due_dates_never_decrease(calendar, count):
    dues = [period.due for period in islice(calendar.periods_from(), count)]
    assert dues == sorted(dues)


@given(STARTS, MONTHS, st.integers(0, 60))
def test_boundaries_are_counted_from_the_anchor_as_dateutil_counts(
    start, interval, index
):
    expected = start + relativedelta(months=index * interval.months)
    assert BillingCalendar(start, interval).boundary(index) == expected


def test_the_31st_returns_after_short_months():
    calendar = BillingCalendar(day("2026-01-31"), MONTHLY)
    assert [str(calendar.boundary(index)) for index in range(1, 5)] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
    ]


def test_a_year_from_29_february_returns_to_it_in_2028():
    calendar = BillingCalendar(day("2024-02-29"), Interval(1, IntervalUnit.YEAR))
    assert calendar.boundary(1) == day("2025-02-28")
    assert calendar.boundary(4) == day("2028-02-29")


@pytest.mark.parametrize(
    ("interval", "start", "expected"),
    [
        ((1, "day"), "2026-03-01", "2026-03-02"),
        ((2, "week"), "2026-03-01", "2026-03-15"),
        ((1, "quarter"), "2026-11-30", "2027-02-28"),
        ((1, "half_year"), "2026-08-31", "2027-02-28"),
        ((3, "month"), "2026-03-01", "2026-06-01"),
        ((2, "year"), "2026-03-01", "2028-03-01"),
    ],
)
def test_each_interval_unit_has_its_length(interval, start, expected):
    length, unit = interval
    calendar = BillingCalendar(day(start), Interval(length, IntervalUnit(unit)))
    assert next(calendar.periods_from()).service.end == day(expected)


@pytest.mark.parametrize(
    ("interval", "start", "boundary"),
    [
        ((1, "month"), "2026-07-15", "2026-08-01"),
        ((1, "quarter"), "2026-08-15", "2026-10-01"),
        ((1, "half_year"), "2026-02-01", "2026-07-01"),
        ((1, "year"), "2026-02-01", "2027-01-01"),
        ((1, "week"), "2026-11-25", "2026-11-30"),  # Wednesday to Monday
        ((1, "month"), "2026-08-01", "2026-09-01"),  # no stub on the first day
    ],
)
def test_the_calendar_anchor_is_the_first_day_of_month_quarter_year(
    interval, start, boundary
):
    length, unit = interval
    calendar = BillingCalendar(
        day(start),
        Interval(length, IntervalUnit(unit)),
        Anchor(AnchorKind.CALENDAR),
    )
    assert next(calendar.periods_from()).service.end == day(boundary)


def test_the_last_day_of_the_month_stays_the_last_day():
    calendar = BillingCalendar(day("2026-01-15"), MONTHLY, on_day(31))
    assert first(calendar, 3) == [
        "2026-01-15/2026-01-31",
        "2026-01-31/2026-02-28",
        "2026-02-28/2026-03-31",
    ]


def test_a_quarter_aligned_to_a_day_begins_on_the_next_such_day():
    calendar = BillingCalendar(
        day("2026-01-15"), Interval(1, IntervalUnit.QUARTER), on_day(1)
    )
    assert first(calendar, 2) == ["2026-01-15/2026-02-01", "2026-02-01/2026-05-01"]
    stub = next(calendar.periods_from())
    assert str(stub.regular) == "2025-11-01/2026-02-01"


@pytest.mark.parametrize(
    ("timing", "shift", "due"),
    [
        (Timing.IN_ADVANCE, 0, "2026-03-01"),
        (Timing.IN_ADVANCE, -7, "2026-02-22"),
        (Timing.IN_ARREARS, 0, "2026-04-01"),
        (Timing.IN_ARREARS, 3, "2026-04-04"),
    ],
)
def test_a_period_is_due_on_its_first_day_in_advance_and_after_its_last_in_arrears(
    timing, shift, due
):
    calendar = BillingCalendar(
        day("2026-03-01"), MONTHLY, timing=timing, due_shift_days=shift
    )
    assert next(calendar.periods_from()).due == day(due)


@pytest.mark.parametrize(
    ("start", "due"), [("2026-07-28", "2026-08-01"), ("2026-07-27", "2026-07-27")]
)
def test_a_stub_below_the_cut_off_is_due_with_the_next_full_period(start, due):
    calendar = BillingCalendar(day(start), MONTHLY, on_day(1), cut_off_days=5)
    assert next(calendar.periods_from()).due == day(due)


def test_the_end_cuts_the_last_period_and_makes_it_due_in_arrears():
    calendar = BillingCalendar(
        day("2026-03-01"), MONTHLY, timing=Timing.IN_ARREARS, end=day("2026-04-11")
    )
    last = list(calendar.periods_from())[-1]
    assert str(last.service) == "2026-04-01/2026-04-11"
    assert str(last.regular) == "2026-04-01/2026-05-01"
    assert last.due == day("2026-04-11")
    assert calendar.period_on(day("2026-04-11")) is None


@pytest.mark.parametrize("number", [None, 0, 32])
def test_a_billing_day_outside_1_to_31_is_refused(number):
    with pytest.raises(InvalidAnchorDay):
        Anchor(AnchorKind.DAY_OF_MONTH, number)


@pytest.mark.parametrize("length", [0, -1])
def test_an_interval_below_one_is_refused(length):
    with pytest.raises(InvalidInterval):
        Interval(length, IntervalUnit.MONTH)


def test_negative_cut_off_days_are_refused():
    with pytest.raises(InvalidCutOff):
        BillingCalendar(day("2026-03-01"), MONTHLY, cut_off_days=-1)


@pytest.mark.parametrize(
    ("unit", "anchor"),
    [
        (IntervalUnit.WEEK, on_day(1)),
        (IntervalUnit.DAY, on_day(1)),
        (IntervalUnit.DAY, Anchor(AnchorKind.CALENDAR)),
    ],
)
def test_an_interval_that_the_anchor_cannot_align_is_refused(unit, anchor):
    with pytest.raises(UnalignableInterval):
        BillingCalendar(day("2026-03-01"), Interval(1, unit), anchor)
