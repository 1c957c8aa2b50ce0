from dataclasses import replace

import pytest
from billing_core.billing_calendar import BillingCalendar, Interval, IntervalUnit
from billing_core.discounts import Discount
from billing_core.errors import CircularPercentBase
from billing_core.invoice_plan import plan_invoice
from billing_core.line import PercentBase
from billing_core.pauses import Pause
from billing_core.percent_base import with_bases
from billing_core.price_models import PercentOfTotal

from .agreed import Decimal, charged, day, rows_of, seats
from .histories import ILS

TEN_PERCENT = PercentOfTotal(Decimal(10))


def share(*bases, key=9, is_net=True, **values):
    return seats(
        1,
        key=key,
        model=values.pop("model", TEN_PERCENT),
        base=PercentBase(frozenset(bases), is_net),
        **values,
    )


def parts(*lines):
    return [
        (str(part.start), str(part.quantity))
        for part in with_bases(lines)
        if part.base is not None
    ]


def test_a_percent_line_costs_its_percentage_of_the_base():
    software = seats(1, price="1000")
    outcome = plan_invoice([software, share(1)], [], ILS, day("2026-04-01"))
    assert [str(item.amount) for item in outcome.items] == ["1000.00", "100.00"]


def test_a_percent_line_is_repriced_from_the_day_its_base_changes():
    before = seats(10, end="2026-04-16", price="100")
    after = seats(12, "2026-04-16", key=2, series=1, price="100")
    rows = [
        charged("2026-04-01/2026-05-01", "1000.00", key=1),
        charged("2026-04-01/2026-05-01", "100.00", key=2, line=9),
    ]
    outcome = plan_invoice([before, after, share(1, 2)], rows, ILS, day("2026-04-16"))
    assert rows_of(outcome) == [
        ("2026-04-16/2026-05-01", "2", "100.00"),
        ("2026-04-16/2026-05-01", "200", "10.00"),
    ]


def test_a_yearly_percentage_of_a_monthly_price_covers_twelve_months():
    yearly = BillingCalendar(day("2026-04-01"), Interval(1, IntervalUnit.YEAR))
    assert parts(seats(1, price="100"), share(1, calendar=yearly)) == [
        ("2026-04-01", "1200")
    ]


def test_the_net_base_deducts_discounts_and_the_list_base_does_not():
    software = seats(1, price="1000", discounts=(Discount(percent=Decimal(20)),))
    assert parts(software, share(1))[0][1] == "800"
    assert parts(software, share(1, is_net=False))[0][1] == "1000"


def test_the_net_base_rises_when_a_discount_ends():
    launch = Discount(percent=Decimal(50), cycles=2)
    assert parts(seats(1, price="100", discounts=(launch,)), share(1)) == [
        ("2026-04-01", "50"),
        ("2026-06-01", "100"),
    ]


def test_a_percent_line_may_be_part_of_another_base():
    software = seats(1, price="1000")
    on_top = share(9, key=10)
    assert parts(software, share(1), on_top)[1][1] == "100"


def test_circular_bases_are_refused_with_their_lines():
    with pytest.raises(CircularPercentBase) as refusal:
        with_bases([share(10), share(9, key=10)])
    assert refusal.value.lines == (9, 10)


def test_the_floor_comes_after_the_percentage():
    floor = replace(TEN_PERCENT, floor=Decimal(250))
    outcome = plan_invoice(
        [seats(1, price="1000"), share(1, model=floor)], [], ILS, day("2026-04-01")
    )
    assert str(outcome.items[1].amount) == "250.00"


def test_a_percent_line_is_not_a_base_of_its_successor():
    before = share(1, 10, key=9, end="2026-04-16")
    after = share(1, 9, key=10, start="2026-04-16", series=9)
    assert parts(seats(1, price="100"), before, after) == [
        ("2026-04-01", "100"),
        ("2026-04-16", "100"),
    ]


def test_a_scheduled_lower_base_waits_for_its_day_despite_an_earlier_pause():
    """3650.00 a year, and a tenth of it: 10.00 and 1.00 a day."""
    year = Interval(1, IntervalUnit.YEAR)
    software = seats(
        1,
        end="2027-01-01",
        price="3650",
        calendar=BillingCalendar(day("2026-01-01"), year),
        start="2026-01-01",
        closed_until=day("2027-01-01"),
    )
    support = share(
        1, calendar=BillingCalendar(day("2026-03-02"), year), start="2026-03-02"
    )
    rows = [charged("2026-03-02/2027-03-02", "365.00", line=9)]
    rest = [Pause(day("2026-12-05"), day("2026-12-06"))]
    for target, expected in (
        ("2026-12-05", [("2026-12-05/2026-12-06", "-1.00")]),
        # Together with the 60 days that nothing is a share of any more.
        ("2027-01-01", [("2026-12-05/2027-03-02", "-61.00")]),
    ):
        outcome = plan_invoice([software, support], rows, ILS, day(target), rest)
        credits = [
            (str(item.period), str(item.amount))
            for item in outcome.items
            if item.line == 9
        ]
        assert credits == expected, target
