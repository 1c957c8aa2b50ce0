"""What a quantity costs for a period, from the first step to the last.

The order of the steps is the product's: convert units, take off what is included,
price, discount, maximum, minimum, round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .discounts import Discount, discounted
from .money import ONE, ZERO, Currency, check_bounds
from .price_models import PercentageOfAmount, PriceModel, PricePart


@dataclass(frozen=True, slots=True)
class Terms:
    """How a line is priced for one full period.

    Usage is any price model with what is included, a minimum commitment and a cap; a
    contracted price is any terms with the values that a customer was granted.
    """

    price: PriceModel
    units_per_quantity: Decimal = ONE
    """Units of the price in one unit of the quantity: 12 for dozens of pieces."""
    included: Decimal = ZERO
    discounts: tuple[Discount, ...] = ()
    maximum: Decimal | None = None
    minimum: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.minimum, self.maximum)


@dataclass(frozen=True, slots=True)
class Rating:
    """What a quantity costs, and how that came about; amounts are not rounded."""

    asked: Decimal
    """The quantity as it was given."""
    quantity: Decimal
    """Units that were priced, after conversion and without what is included."""
    parts: tuple[PricePart, ...]
    price: Decimal
    discount: Decimal
    above_maximum: Decimal
    """What the maximum took off."""
    true_up: Decimal
    """What the minimum added."""
    amount: Decimal

    @property
    def average_unit_price(self) -> Decimal | None:
        """The amount for each unit of the quantity as given, None without a unit."""
        return self.amount / self.asked if self.asked else None


def rate(terms: Terms, quantity: Decimal) -> Rating:
    """Return what `quantity` costs for one full period, with every step.

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
    """Return the amount of `rate`, rounded, without its steps, for many lines.

    The minimum is made up by the last line of a period only.
    """
    return currency.round(price_of(terms, quantity, is_last=is_last))


def price_of(terms: Terms, quantity: Decimal, *, is_last: bool = True) -> Decimal:
    """Return the amount of `rate`, without its steps; not rounded."""
    price = terms.price.amount(_billable_units(terms, quantity))
    return _after_price(terms, price, is_last=is_last)


def price_of_uses(terms: Terms, uses: Sequence[Decimal]) -> Decimal:
    """Return what was used costs, not rounded, and without a minimum.

    All of it has one price together, but for a share of each amount: there the order
    decides what is free.
    """
    if isinstance(terms.price, PercentageOfAmount):
        price = terms.price.amount_of_events(uses)
    else:
        price = terms.price.amount(_billable_units(terms, sum(uses, ZERO)))
    return _after_price(terms, price, is_last=False)


def _after_price(terms: Terms, price: Decimal, *, is_last: bool) -> Decimal:
    """Return what is left of a price after the steps that follow it."""
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
