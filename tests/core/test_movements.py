"""The kinds of revenue movements, and the append-only record of them."""

from datetime import timedelta

import pytest
from billing_core.money import ZERO
from billing_core.monthly_revenue import revenue_changes
from billing_core.movements import (
    AgreedChange,
    kinds_by_day,
    level_on,
    movements_by_kind,
    movements_to_record,
)
from hypothesis import given
from hypothesis import strategies as st

from .agreed import Decimal, day
from .agreements import CHANGES, agreements, live
from .histories import ILS, START

MAY, JUNE, JULY = (f"2026-0{month}-01" for month in (5, 6, 7))


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
def test_each_day_has_one_kind_of_movement_per_customer(moved, kinds):
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
            {MAY: -30},
            {MAY: -30},
            [(MAY, "moved", -30)],
            id="the end on the day of a pause",
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
            id="a reduction and the end during a pause",
        ),
    ],
)
def test_movements_of_pauses_are_separate_from_agreed_ones(agreed, paid, movements):
    agreed, paid = (
        {day(on): Decimal(amount) for on, amount in each.items()}
        for each in (agreed, paid)
    )
    kinds = dict.fromkeys(agreed, "moved")
    found = movements_by_kind(agreed, paid, kinds)
    assert [(str(on), kind, amount) for (on, kind), amount in found.items()] == (
        movements
    )


@given(agreements(), CHANGES, st.integers(0, 500))
def test_the_recorded_movements_add_up_to_the_level_of_any_day(agreement, made, offset):
    """In any order of changes, the record stays complete."""
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
