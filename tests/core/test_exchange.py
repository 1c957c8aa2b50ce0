"""Exchange differences that remain in the company's currency."""

from billing_core.exchange import exchange_residuals

from .agreed import Decimal, day


def residuals(*movements):
    """Return {day: residual} of (day, amount, worth) movements."""
    written = [
        (day(on), Decimal(amount), Decimal(worth)) for on, amount, worth in movements
    ]
    return {str(on): int(left) for on, left in exchange_residuals(written).items()}


def test_revenue_that_ends_at_another_rate_leaves_the_difference():
    assert residuals(("2026-04-01", 30, 60), ("2026-05-01", -30, -50)) == {
        "2026-05-01": 10
    }


def test_revenue_that_continues_leaves_no_difference():
    assert residuals(("2026-04-01", 30, 60), ("2026-05-01", -10, -15)) == {}


def test_movements_of_one_day_are_netted_before_the_difference():
    assert residuals(("2026-04-01", 30, 60), ("2026-04-01", -30, -60)) == {}


def test_each_end_leaves_only_the_difference_since_the_last_one():
    assert residuals(
        ("2026-04-01", 30, 60),
        ("2026-05-01", -30, -50),
        ("2026-06-01", 30, 55),
        ("2026-07-01", -30, -58),
    ) == {"2026-05-01": 10, "2026-07-01": -3}
