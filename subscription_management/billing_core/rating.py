"""Rating: the price of a quantity for one full period, step by step.

The order is fixed: convert units, subtract the allowance, price, discount, maximum,
minimum, round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from .discounts import Discount, discounted
from .money import ONE, ZERO, Currency, check_bounds
from .price_models import PriceModel, PricePart


@dataclass(frozen=True, slots=True)
class Terms:
    """How a line is priced for one full period.

    Usage is any price model with an allowance, a minimum and a maximum. A
    contracted price is the same terms with the values granted to one customer.
    """

    price: PriceModel
    units_per_quantity: Decimal = ONE
    """Priced units per unit of quantity: 12 when dozens are priced by the piece."""
    included: Decimal = ZERO
    discounts: tuple[Discount, ...] = ()
    maximum: Decimal | None = None
    minimum: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.minimum, self.maximum)


@dataclass(frozen=True, slots=True)
class Rating:
    """The price of a quantity with all its steps; amounts are not rounded."""

    asked: Decimal
    """The quantity before conversion."""
    quantity: Decimal
    """Units priced, after conversion and less the allowance."""
    parts: tuple[PricePart, ...]
    price: Decimal
    discount: Decimal
    above_maximum: Decimal
    """The amount cut off by the maximum."""
    true_up: Decimal
    """The amount added to reach the minimum."""
    amount: Decimal

    @property
    def average_unit_price(self) -> Decimal | None:
        """The amount per unit of the quantity asked, None for no quantity."""
        return self.amount / self.asked if self.asked else None


def rate(terms: Terms, quantity: Decimal) -> Rating:
    """Return the price of `quantity` for one full period, with every step.

    >>> from .price_models import PerUnit
    >>> usage = Terms(PerUnit(Decimal(2)), included=Decimal(100), minimum=Decimal(10))
    >>> [str(rate(usage, Decimal(used)).amount) for used in (90, 130)]
    ['10', '60']
    """
    units = _billable_units(terms, quantity)
    price = terms.price.amount(units)
    reduced = discounted(price, terms.discounts)
    capped = reduced if terms.maximum is None else min(reduced, terms.maximum)
    amount = capped if terms.minimum is None else max(capped, terms.minimum)
    return Rating(
        asked=quantity,
        quantity=units,
        parts=terms.price.parts(units),
        price=price,
        discount=price - reduced,
        above_maximum=reduced - capped,
        true_up=amount - capped,
        amount=amount,
    )


def rated_amount(
    terms: Terms, quantity: Decimal, currency: Currency, *, is_last: bool = True
) -> Decimal:
    """Return the rounded amount of `rate` without its steps, which is faster.

    Only the last line of a period is raised to the minimum.
    """
    return currency.round(price_of(terms, quantity, is_last=is_last))


def price_of(terms: Terms, quantity: Decimal, *, is_last: bool = True) -> Decimal:
    """Return the unrounded amount of `rate` without its steps."""
    price = terms.price.amount(_billable_units(terms, quantity))
    return _after_price(terms, price, is_last=is_last)


def price_of_usage(terms: Terms, events: Sequence[Decimal]) -> Decimal:
    """Return the unrounded price of usage events, without a minimum.

    Models that price each event apply the allowance in the order of the events; all
    others price the total.
    """
    price = terms.price.amount_of_usage(events, partial(_billable_units, terms))
    return _after_price(terms, price, is_last=False)


def _after_price(terms: Terms, price: Decimal, *, is_last: bool) -> Decimal:
    """Return a price after discounts, maximum and, for the last line, minimum."""
    amount = price
    if terms.discounts:
        amount = discounted(amount, terms.discounts)
    if terms.maximum is not None and amount > terms.maximum:
        amount = terms.maximum
    if is_last and terms.minimum is not None and amount < terms.minimum:
        amount = terms.minimum
    return amount


def _billable_units(terms: Terms, quantity: Decimal) -> Decimal:
    units = quantity
    if terms.units_per_quantity != ONE:
        units *= terms.units_per_quantity
    return max(units - terms.included, ZERO) if terms.included else units
