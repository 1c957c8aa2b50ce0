"""A percentage of each metered amount, such as a card payment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ..money import (
    HUNDRED,
    ZERO,
    as_decimal,
    check_bounds,
    raised,
    raised_or_none,
)
from .price_model import PriceModel, PricePart, refuse_negative


@dataclass(frozen=True, slots=True)
class PercentageOfAmount(PriceModel):
    """A percentage of each event's amount, plus a fee per event.

    The allowance ends with the first of `free_events` and `free_amount` that is used
    up. An event within it costs nothing; one that exceeds it in part pays its full fee.
    The bounds apply to each event that is not free.

    >>> card = PercentageOfAmount(
    ...     Decimal("1.2"), Decimal("0.10"), free_events=3, free_amount=Decimal(500)
    ... )
    >>> card.amount_of_events([Decimal(50)] * 4)
    Decimal('0.700')
    """

    percent: Decimal
    fee_per_event: Decimal = ZERO
    free_events: int | None = None
    free_amount: Decimal | None = None
    minimum_per_event: Decimal | None = None
    maximum_per_event: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.minimum_per_event, self.maximum_per_event)

    def amount_of_events(self, events: Iterable[Decimal]) -> Decimal:
        """Return the price of events; their order decides which are free."""
        return sum((part.amount for part in self.parts_of_events(events)), ZERO)

    def parts_of_events(self, events: Iterable[Decimal]) -> tuple[PricePart, ...]:
        """Return one part for each event."""
        free_events, left = self.free_events, self.free_amount
        has_allowance = free_events is not None or left is not None
        found = []
        for number, event in enumerate(events):
            refuse_negative(event)
            is_early = free_events is None or number < free_events
            if not (has_allowance and is_early) or left == 0:
                found.append(self._price(event))
                continue
            free = event if left is None else min(event, left)
            left = None if left is None else left - free
            is_free = free == event
            found.append(
                PricePart(event, ZERO) if is_free else self._price(event - free)
            )
        return tuple(found)

    def amount(self, quantity: Decimal) -> Decimal:
        """Return the price of one event of an amount."""
        return self.amount_of_events([quantity])

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        return self.parts_of_events([quantity])

    def raised(self, percent: Decimal) -> PercentageOfAmount:
        return replace(
            self,
            fee_per_event=raised(self.fee_per_event, percent),
            minimum_per_event=raised_or_none(self.minimum_per_event, percent),
            maximum_per_event=raised_or_none(self.maximum_per_event, percent),
        )

    def amount_of_usage(
        self, events: Sequence[Decimal], billable: Callable[[Decimal], Decimal]
    ) -> Decimal:
        """Return the price of usage events, each with its own price."""
        return self.amount_of_events(events)

    def for_part(self, share: Fraction) -> PercentageOfAmount:
        """Return the model with its allowance reduced to part of a period."""
        amount = self.free_amount
        return replace(
            self,
            free_events=self.free_events and int(self.free_events * share),
            free_amount=amount and as_decimal(Fraction(amount) * share),
        )

    def _price(self, charged: Decimal) -> PricePart:
        rate = self.percent / HUNDRED
        price = charged * rate + self.fee_per_event
        low, high = self.minimum_per_event, self.maximum_per_event
        if low is not None and price < low:
            return PricePart(charged, ZERO, fee=low)
        if high is not None and price > high:
            return PricePart(charged, ZERO, fee=high)
        return PricePart(charged, rate, self.fee_per_event)
