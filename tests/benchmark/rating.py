"""Lines that the core rates in a second, on one processor core.

The reference is the machine's own speed: as many plain products of two `Decimal`s,
rounded, in the same run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

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
    figures = measure(options.n)
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
