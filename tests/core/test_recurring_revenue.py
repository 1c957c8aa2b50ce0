from datetime import timedelta

import pytest
from billing_core.billing_calendar import BillingCalendar
from billing_core.discounts import Discount
from billing_core.line import ChargeKind
from billing_core.money import ZERO
from billing_core.pauses import Pause
from billing_core.recurring_revenue import (
    AgreedChange,
    kinds_by_day,
    level_on,
    monthly_price,
    movements_by_kind,
    movements_to_record,
    revenue_changes,
)
from hypothesis import given
from hypothesis import strategies as st

from .agreed import MONTHLY, Decimal, day, seats
from .agreements import CHANGES, agreements, live
from .histories import ILS, START


def changes(*lines, pauses=()):
    return {
        str(when): str(amount)
        for when, amount in revenue_changes(lines, pauses, ILS).items()
    }


def test_a_change_of_units_is_one_movement():
    assert changes(
        seats(10, end="2026-06-01"), seats(12, "2026-06-01", key=2, series=1)
    ) == {"2026-04-01": "70.00", "2026-06-01": "14.00"}


def test_a_change_of_nothing_is_no_movement():
    assert changes(
        seats(10, end="2026-06-01"), seats(10, "2026-06-01", key=2, series=1)
    ) == {"2026-04-01": "70.00"}


def test_the_end_of_a_discount_for_some_periods_is_a_movement():
    launch = Discount(percent=Decimal(50), cycles=2)
    assert changes(seats(10, discounts=[launch])) == {
        "2026-04-01": "35.00",
        "2026-06-01": "35.00",
    }


def test_a_one_off_line_is_no_recurring_revenue():
    assert monthly_price(seats(10, kind=ChargeKind.ONE_OFF)) == 0


def test_a_pause_takes_the_revenue_away_and_brings_it_back():
    pause = Pause(day("2026-05-01"), day("2026-06-01"))
    assert changes(seats(10), pauses=[pause]) == {
        "2026-04-01": "70.00",
        "2026-05-01": "-70.00",
        "2026-06-01": "70.00",
    }


APRIL, MAY, JUNE, JULY = (f"2026-0{month}-01" for month in (4, 5, 6, 7))


@pytest.mark.parametrize(
    ("moved", "kinds"),
    [
        pytest.param(["1 04 30"], "new", id="the first one"),
        pytest.param(["1 04 30", "2 04 7"], "new", id="two on the first day"),
        pytest.param(["1 04 30", "1 05 2"], "new expansion", id="more"),
        pytest.param(["1 04 100", "1 05 -30"], "new contraction", id="less"),
        pytest.param(["1 04 30", "1 05 -30"], "new churn", id="the end"),
        pytest.param(
            ["1 04 30", "2 04 7", "1 05 -30", "2 06 -7"],
            "new contraction churn",
            id="one of two, then the last",
        ),
        pytest.param(
            ["1 04 30", "2 04 7", "2 05 -7", "1 05 -30"],
            "new churn",
            id="both at once",
        ),
        pytest.param(
            ["1 04 30", "1 05 -30", "2 06 7"], "new churn reactivation", id="back"
        ),
        pytest.param(
            ["1 04 30", "2 05 7", "1 06 -30"],
            "new expansion contraction",
            id="another one before the end",
        ),
        pytest.param(
            ["1 04 30", "1 05 -30", "2 05 30"],
            "new expansion",
            id="it moves to another one",
        ),
        pytest.param(
            ["1 04 30", "1 05 -30", "2 05 20"],
            "new contraction",
            id="it moves to a smaller one",
        ),
        pytest.param(["1 04 30", "1 05 5", "1 05 -5"], "new", id="nothing happened"),
    ],
)
def test_each_day_is_of_one_kind_to_the_customer(moved, kinds):
    changes = []
    for each in moved:
        number, month, amount = each.split()
        amount = Decimal(amount)
        on = day(f"2026-{month}-01")
        changes.append(AgreedChange(int(number), on, amount, amount))
    assert [str(kind) for kind in kinds_by_day(changes).values()] == kinds.split()


@pytest.mark.parametrize(
    ("agreed", "paid", "movements"),
    [
        pytest.param(
            {}, {MAY: -30}, [(MAY, "pause", -30)], id="a pause has its own label"
        ),
        pytest.param(
            {MAY: -30}, {MAY: -30}, [(MAY, "moved", -30)], id="ends as it would rest"
        ),
        pytest.param(
            {JUNE: 20},
            {MAY: -30, JUNE: 50},
            [(MAY, "pause", -30), (JUNE, "resumption", 30), (JUNE, "moved", 20)],
            id="more on the day of resuming",
        ),
        pytest.param(
            {JUNE: -50, JULY: -50},
            {MAY: -100},
            [
                (MAY, "pause", -100),
                (JUNE, "resumption", 50),
                (JUNE, "moved", -50),
                (JULY, "resumption", 50),
                (JULY, "moved", -50),
            ],
            id="less, and then the end, at rest",
        ),
    ],
)
def test_what_rests_is_told_from_what_is_agreed(agreed, paid, movements):
    agreed, paid = (
        {day(on): Decimal(amount) for on, amount in each.items()}
        for each in (agreed, paid)
    )
    kinds = dict.fromkeys(agreed, "moved")
    found = movements_by_kind(agreed, paid, kinds)
    assert [(str(on), kind, amount) for (on, kind), amount in found.items()] == (
        movements
    )


def test_what_joins_after_the_service_ended_moves_nothing():
    calendar = BillingCalendar(day(APRIL), MONTHLY, end=day(MAY))
    late = seats(3, JUNE, key=2, calendar=calendar)
    assert changes(seats(10, calendar=calendar), late) == {
        APRIL: "70.00",
        MAY: "-70.00",
    }


@given(agreements(), CHANGES, st.integers(0, 500))
def test_opening_and_movements_are_the_level_of_any_day(agreement, made, offset):
    """Whatever the order in which changes were found, nothing is lost between."""
    record = []
    for count in range(len(made) + 1):
        live(agreement, START, made[count : count + 1], billing=False)
        wanted = revenue_changes(agreement.lines, agreement.pauses, ILS)
        known = {}
        for when, amount in record:
            known[when] = known.get(when, ZERO) + amount
        record += movements_to_record(wanted, known).items()
        assert movements_to_record(wanted, dict(_sums(record))) == {}
    on = START + timedelta(days=offset)
    wanted = revenue_changes(agreement.lines, agreement.pauses, ILS)
    assert level_on(on, record) == level_on(on, wanted.items())


def _sums(record):
    days = {when for when, _amount in record}
    for when in days:
        yield when, sum(amount for each, amount in record if each == when)
