from datetime import timedelta

import pytest
from billing_core.discounts import Discount
from billing_core.line import ChargeKind
from billing_core.money import ZERO
from billing_core.pauses import Pause
from billing_core.recurring_revenue import (
    MovementKind,
    kind_of,
    level_on,
    monthly_price,
    movements_to_record,
    revenue_changes,
)
from hypothesis import given
from hypothesis import strategies as st

from .agreed import Decimal, day, seats
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


@pytest.mark.parametrize(
    ("before", "movement", "was_customer", "kind"),
    [
        (0, 30, False, MovementKind.NEW),
        (0, 30, True, MovementKind.REACTIVATION),
        (30, 2, True, MovementKind.EXPANSION),
        (100, -30, True, MovementKind.CONTRACTION),
        (30, -30, True, MovementKind.CHURN),
    ],
)
def test_kinds_of_movements(before, movement, was_customer, kind):
    before, movement = Decimal(before), Decimal(movement)
    assert kind_of(before, movement, was_customer=was_customer) is kind


def test_a_pause_has_a_label_of_its_own():
    paused = kind_of(Decimal(30), Decimal(-30), was_customer=True, pauses=True)
    resumed = kind_of(ZERO, Decimal(30), was_customer=True, pauses=True)
    assert (paused, resumed) == (MovementKind.PAUSE, MovementKind.RESUMPTION)


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
