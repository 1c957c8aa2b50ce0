"""Monthly recurring revenue by day."""

from billing_core.billing_calendar import BillingCalendar
from billing_core.discounts import Discount
from billing_core.line import ChargeKind
from billing_core.monthly_revenue import monthly_price, revenue_changes
from billing_core.pauses import Pause

from .agreed import MONTHLY, Decimal, day, seats
from .histories import ILS


def changes(*lines, pauses=()):
    return {
        str(when): str(amount)
        for when, amount in revenue_changes(lines, pauses, ILS).items()
    }


def test_a_quantity_change_is_one_movement():
    assert changes(
        seats(10, end="2026-06-01"), seats(12, "2026-06-01", key=2, series=1)
    ) == {"2026-04-01": "70.00", "2026-06-01": "14.00"}


def test_a_change_without_effect_is_no_movement():
    assert changes(
        seats(10, end="2026-06-01"), seats(10, "2026-06-01", key=2, series=1)
    ) == {"2026-04-01": "70.00"}


def test_the_end_of_a_limited_discount_is_a_movement():
    launch = Discount(percent=Decimal(50), cycles=2)
    assert changes(seats(10, discounts=[launch])) == {
        "2026-04-01": "35.00",
        "2026-06-01": "35.00",
    }


def test_a_one_time_line_is_not_recurring_revenue():
    assert monthly_price(seats(10, kind=ChargeKind.ONE_OFF)) == 0


def test_a_pause_removes_the_revenue_until_it_ends():
    pause = Pause(day("2026-05-01"), day("2026-06-01"))
    assert changes(seats(10), pauses=[pause]) == {
        "2026-04-01": "70.00",
        "2026-05-01": "-70.00",
        "2026-06-01": "70.00",
    }


def test_a_line_added_after_the_end_of_service_is_no_movement():
    calendar = BillingCalendar(day("2026-04-01"), MONTHLY, end=day("2026-05-01"))
    late = seats(3, "2026-06-01", key=2, calendar=calendar)
    assert changes(seats(10, calendar=calendar), late) == {
        "2026-04-01": "70.00",
        "2026-05-01": "-70.00",
    }
