from datetime import timedelta

from billing_core.forecast import forecast
from hypothesis import given
from hypothesis import strategies as st

from .agreed import charged, day, seats
from .agreements import CHANGES, agreements, live
from .histories import ILS, START


def test_a_scheduled_change_is_forecast_on_its_day():
    lines = [
        seats(10, end="2026-04-16"),
        seats(12, "2026-04-16", key=2, series=1),
    ]
    rows = [charged("2026-04-01/2026-05-01", "70.00")]
    invoices = forecast(lines, rows, ILS, day("2026-04-02"), day("2026-05-02"))
    assert [(str(each.day), str(each.amount)) for each in invoices] == [
        ("2026-04-16", "7.00"),
        ("2026-05-01", "84.00"),
    ]


@given(agreements(), CHANGES, st.integers(0, 200))
def test_the_forecast_equals_daily_billing(agreement, changes, days):
    today = live(agreement, START, changes)
    until = today + timedelta(days=days)
    foreseen = list(
        forecast(agreement.lines, agreement.rows, ILS, today, until, agreement.pauses)
    )
    billed = []
    target = today
    while target < until or target == today:
        rows = agreement.bill(target)
        if rows:
            billed.append((target, sum(row.amount for row in rows)))
        target += timedelta(days=1)
    assert [(each.day, each.amount) for each in foreseen] == billed
