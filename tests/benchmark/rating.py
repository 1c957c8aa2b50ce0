"""Lines that the core rates in a second, and what a long history costs a plan.

The reference of the first is the machine's own speed: as many plain products of two
`Decimal`s, rounded, in the same run; that of the second a subscription without history.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from billing_core.billing_calendar import BillingCalendar, Interval, IntervalUnit
from billing_core.invoice_plan import plan_invoice
from billing_core.line import Line
from billing_core.money import Currency
from billing_core.price_models import Flat, Graduated, PerUnit, PriceModel, Tier, Volume
from billing_core.rating import Terms, rated_amount

ILS = Currency("ILS", Decimal("0.01"))
ROUNDS = 7
TEN_TIERS = tuple(
    Tier(Decimal(100 * row) if row < 10 else None, Decimal(11 - row))
    for row in range(1, 11)
)
MODELS: dict[str, PriceModel] = {
    "flat": Flat(Decimal("99.90")),
    "per_unit": PerUnit(Decimal("7.125")),
    "volume_10_tiers": Volume(TEN_TIERS),
    "graduated_10_tiers": Graduated(TEN_TIERS),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench rating", description=__doc__)
    parser.add_argument("--n", type=int, default=50_000, help="lines of each model")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = measure(options.n) | history_cost()
    print(json.dumps(figures) if options.json else as_text(figures), flush=True)


def measure(n: int) -> dict[str, Any]:
    """Return lines a second of each model, medians of some rounds."""
    quantities = [Decimal(number % 1000) for number in range(n)]
    unit, cent = Decimal("7.125"), Decimal("0.01")

    def multiply() -> None:
        for quantity in quantities:
            (unit * quantity).quantize(cent, ROUND_HALF_UP)

    figures: dict[str, Any] = {"n": n, "reference": _per_second(n, multiply)}
    for name, model in MODELS.items():
        terms = Terms(model)

        def rate(terms: Terms = terms) -> None:
            for quantity in quantities:
                rated_amount(terms, quantity, ILS)

        speed = _per_second(n, rate)
        figures[name] = speed
        figures[f"{name}_cost_in_references"] = round(figures["reference"] / speed, 2)
    return figures


def history_cost(rounds: int = 2000) -> dict[str, Any]:
    """Return how many times as long as a fresh plan one with a long history takes.

    The history is of 36 months with 20 changes, all of them billed and closed.
    """
    start, today = date(2023, 4, 1), date(2026, 4, 1)
    calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    terms = Terms(PerUnit(Decimal("7.125")))
    fresh = [Line(1, calendar, terms, Decimal(10), today, closed_until=today)]
    changes = [calendar.boundary(number + 1) for number in range(20)]
    lived = [
        Line(
            number + 1,
            calendar,
            terms,
            Decimal(10 + number),
            begun,
            ended,
            closed_until=today if ended is None else ended,
            series=1,
        )
        for number, (begun, ended) in enumerate(
            zip([start, *changes], [*changes, None], strict=True)
        )
    ]
    seconds: dict[str, list[float]] = {"fresh": [], "lived": []}
    for _round in range(ROUNDS):
        for name, lines in (("fresh", fresh), ("lived", lived)):
            started = time.perf_counter()
            for _time in range(rounds):
                plan_invoice(lines, [], ILS, today)
            seconds[name].append((time.perf_counter() - started) / rounds)
    plain, long = median(seconds["fresh"]), median(seconds["lived"])
    return {
        "plan_microseconds": round(plain * 1e6, 1),
        "plan_after_20_changes_microseconds": round(long * 1e6, 1),
        "history_ratio": round(long / plain, 2),
    }


def _per_second(n: int, work: Callable[[], None]) -> int:
    seconds = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return round(n / median(seconds))


def as_text(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:<40}{value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
