"""Price increases at renewal: uplifts and indices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from .errors import InvalidIndex
from .money import HUNDRED, ZERO, check_bounds, raised, raised_or_none
from .rating import Terms


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


def raised_terms(terms: Terms, percent: Decimal) -> Terms:
    """Return terms with all amounts raised by a percentage, except a single price.

    A single price, as of a flat or per-unit model, is agreed on the line and raised
    there. Percentages are kept, since their base is raised.

    >>> from .price_models import Graduated, Tier
    >>> calls = Terms(Graduated((Tier(None, Decimal("0.10")),)), minimum=Decimal(50))
    >>> risen = raised_terms(calls, Decimal(10))
    >>> str(risen.price.amount(Decimal(1000))), str(risen.minimum)
    ('110.00', '55')
    """
    return replace(
        terms,
        price=terms.price.raised(percent),
        minimum=raised_or_none(terms.minimum, percent),
        maximum=raised_or_none(terms.maximum, percent),
    )


def compounded_percent(before: Decimal, percent: Decimal) -> Decimal:
    """Return the total increase in percent of two successive increases.

    >>> compounded_percent(Decimal(3), Decimal(3))
    Decimal('6.09')
    """
    return raised(HUNDRED + before, percent) - HUNDRED
