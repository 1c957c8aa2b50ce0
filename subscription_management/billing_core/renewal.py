"""Price increases at renewal: uplifts and indices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from .errors import InvalidIndex
from .money import HUNDRED, ZERO, check_bounds
from .price_models import (
    Graduated,
    PercentageOfAmount,
    PriceModel,
    Stairstep,
    Tier,
    Volume,
)
from .rating import Terms

UNIT_PRICE = Decimal("1e-12")
"""The smallest step of a unit price."""


@dataclass(frozen=True, slots=True)
class Uplift:
    """A price increase in percent: fixed, or the change of an index plus a spread.

    The floor and the cap apply to the sum of index change and spread.

    >>> uplift = Uplift(spread=Decimal(5), floor=Decimal(8))
    >>> uplift.percent(index_change=Decimal(4))
    Decimal('9')
    >>> uplift.percent(index_change=Decimal(1))
    Decimal('8')
    """

    spread: Decimal = ZERO
    """Percentage points added to the index change; the whole increase without one."""
    floor: Decimal | None = None
    cap: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.floor, self.cap)

    def percent(self, index_change: Decimal = ZERO) -> Decimal:
        """Return the increase in percent for a change of the index in percent."""
        rise = index_change + self.spread
        if self.floor is not None:
            rise = max(rise, self.floor)
        if self.cap is not None:
            rise = min(rise, self.cap)
        return rise


def index_change(before: Decimal, now: Decimal) -> Decimal:
    """Return the change of an index in percent.

    >>> index_change(Decimal(125), Decimal(130))
    Decimal('4')
    """
    if before <= 0 or now <= 0:
        raise InvalidIndex(before, now)
    return (now - before) * HUNDRED / before


def raised(unit_price: Decimal, percent: Decimal) -> Decimal:
    """Return a unit price that was raised by some percent, with 12 decimals at most.

    >>> raised(Decimal("100.00"), Decimal(9))
    Decimal('109')
    """
    price = unit_price * (HUNDRED + percent) / HUNDRED
    shown = price.quantize(UNIT_PRICE, ROUND_HALF_UP).normalize()
    return shown if shown != shown.to_integral() else shown.quantize(Decimal(1))


def raised_terms(terms: Terms, percent: Decimal) -> Terms:
    """Return terms with every amount of money raised by some percent, but one price.

    That is the price of a flat, per-unit or package model, which is agreed apart from
    the terms. Percentages are kept, since their base is raised.

    >>> calls = Terms(Graduated((Tier(None, Decimal("0.10")),)), minimum=Decimal(50))
    >>> risen = raised_terms(calls, Decimal(10))
    >>> str(risen.price.amount(Decimal(1000))), str(risen.minimum)
    ('110.00', '55')
    """
    return replace(
        terms,
        price=_raised_model(terms.price, percent),
        minimum=_raised_or_none(terms.minimum, percent),
        maximum=_raised_or_none(terms.maximum, percent),
    )


def _raised_model(model: PriceModel, percent: Decimal) -> PriceModel:
    match model:
        case Graduated(tiers):
            return Graduated(_raised_tiers(tiers, percent))
        case Volume(tiers):
            return Volume(_raised_tiers(tiers, percent))
        case Stairstep(blocks, overage):
            return Stairstep(
                _raised_tiers(blocks, percent), _raised_or_none(overage, percent)
            )
        case PercentageOfAmount():
            return replace(
                model,
                fee_per_event=raised(model.fee_per_event, percent),
                minimum_per_event=_raised_or_none(model.minimum_per_event, percent),
                maximum_per_event=_raised_or_none(model.maximum_per_event, percent),
            )
    return model


def _raised_tiers(tiers: tuple[Tier, ...], percent: Decimal) -> tuple[Tier, ...]:
    return tuple(
        replace(
            tier,
            unit_price=raised(tier.unit_price, percent),
            flat_fee=raised(tier.flat_fee, percent),
        )
        for tier in tiers
    )


def _raised_or_none(amount: Decimal | None, percent: Decimal) -> Decimal | None:
    return None if amount is None else raised(amount, percent)


def compounded_percent(before: Decimal, percent: Decimal) -> Decimal:
    """Return the total increase in percent of two successive increases.

    >>> compounded_percent(Decimal(3), Decimal(3))
    Decimal('6.09')
    """
    return raised(HUNDRED + before, percent) - HUNDRED
