"""What a renewal does to prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from .errors import InvalidIndex
from .money import HUNDRED, ZERO, check_bounds
from .price_models import Graduated, PriceModel, Stairstep, Tier, Volume

UNIT_PRICE = Decimal("1e-12")
"""The smallest step of a unit price."""


@dataclass(frozen=True, slots=True)
class Uplift:
    """By how many percent prices rise: a fixed number, or an index and a spread.

    The floor and the cap hold for what the index and the spread come to.

    >>> uplift = Uplift(spread=Decimal(5), floor=Decimal(8))
    >>> uplift.percent(index_change=Decimal(4))
    Decimal('9')
    >>> uplift.percent(index_change=Decimal(1))
    Decimal('8')
    """

    spread: Decimal = ZERO
    """Percent on top of the index; the whole rise without one."""
    floor: Decimal | None = None
    cap: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.floor, self.cap)

    def percent(self, index_change: Decimal = ZERO) -> Decimal:
        """Return the rise in percent for a change of the index in percent."""
        rise = index_change + self.spread
        if self.floor is not None:
            rise = max(rise, self.floor)
        if self.cap is not None:
            rise = min(rise, self.cap)
        return rise


def index_change(before: Decimal, now: Decimal) -> Decimal:
    """Return by how many percent an index has risen.

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


def raised_tiers(model: PriceModel, percent: Decimal) -> PriceModel:
    """Return a price model by tiers with all their prices raised by some percent.

    Other models stay: their price is one number, which is raised by itself, or a share
    of amounts, which rises with them.

    >>> calls = Graduated((Tier(None, Decimal("0.10")),))
    >>> raised_tiers(calls, Decimal(3)).amount(Decimal(1000))
    Decimal('103.000')
    """

    def all_raised(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        return tuple(
            replace(
                tier,
                unit_price=raised(tier.unit_price, percent),
                flat_fee=raised(tier.flat_fee, percent),
            )
            for tier in tiers
        )

    match model:
        case Graduated(tiers):
            return Graduated(all_raised(tiers))
        case Volume(tiers):
            return Volume(all_raised(tiers))
        case Stairstep(blocks, overage):
            return Stairstep(
                all_raised(blocks),
                None if overage is None else raised(overage, percent),
            )
    return model


def raised_again(before: Decimal, percent: Decimal) -> Decimal:
    """Return the rise in percent of two rises after each other.

    >>> raised_again(Decimal(3), Decimal(3))
    Decimal('6.09')
    """
    return raised(HUNDRED + before, percent) - HUNDRED
