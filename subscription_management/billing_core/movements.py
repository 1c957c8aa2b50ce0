"""Movements of recurring revenue: their kinds, and what remains to be recorded."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from .money import ZERO

Key = TypeVar("Key", bound=Hashable)


class MovementKind(StrEnum):
    """The kinds of revenue movements."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    PAUSE = "pause"
    RESUMPTION = "resumption"


PAUSE_MOVEMENTS = frozenset({MovementKind.PAUSE, MovementKind.RESUMPTION})
"""The kinds of revenue that is agreed, but not paid during a pause."""


@dataclass(frozen=True, slots=True)
class AgreedChange:
    """The change of a subscription's agreed monthly revenue on a day."""

    subscription: int
    day: date
    amount: Decimal
    worth: Decimal
    """The amount in the company's currency, for comparing subscriptions."""


def kinds_by_day(changes: Iterable[AgreedChange]) -> dict[date, MovementKind]:
    """Return the kind of each day's movement for one customer, over all subscriptions.

    A day has one kind. Revenue that moves between two subscriptions is an expansion of
    zero: the customer did not churn. Paused days count as agreed.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> thirty = Decimal(30)
    >>> moved = [
    ...     AgreedChange(1, april, thirty, thirty),
    ...     AgreedChange(1, may, -thirty, -thirty),
    ...     AgreedChange(2, may, thirty, thirty),
    ... ]
    >>> [str(kind) for kind in kinds_by_day(moved).values()]
    ['new', 'expansion']
    >>> [str(kind) for kind in kinds_by_day(moved[:2]).values()]
    ['new', 'churn']
    """
    by_day: dict[date, list[AgreedChange]] = {}
    for change in changes:
        by_day.setdefault(change.day, []).append(change)
    levels: dict[int, Decimal] = {}
    paid_for: set[int] = set()
    kinds: dict[date, MovementKind] = {}
    was_customer = False
    for day in sorted(by_day):
        is_customer = bool(paid_for)
        moved: dict[int, Decimal] = {}
        for change in by_day[day]:
            key = change.subscription
            moved[key] = moved.get(key, ZERO) + change.amount
        if not any(moved.values()):
            continue
        for key, amount in moved.items():
            levels[key] = levels.get(key, ZERO) + amount
            (paid_for.add if levels[key] > 0 else paid_for.discard)(key)
        kinds[day] = _kind_of_day(
            sum((change.worth for change in by_day[day]), ZERO),
            was_customer=was_customer,
            is_customer=is_customer,
            stays_customer=bool(paid_for),
        )
        was_customer = was_customer or bool(paid_for)
    return kinds


def _kind_of_day(
    worth: Decimal, *, was_customer: bool, is_customer: bool, stays_customer: bool
) -> MovementKind:
    if stays_customer and not is_customer:
        return MovementKind.REACTIVATION if was_customer else MovementKind.NEW
    if is_customer and not stays_customer:
        return MovementKind.CHURN
    return MovementKind.EXPANSION if worth >= 0 else MovementKind.CONTRACTION


def movements_by_kind(
    agreed: Mapping[date, Decimal],
    paid: Mapping[date, Decimal],
    kinds: Mapping[date, MovementKind],
) -> dict[tuple[date, MovementKind], Decimal]:
    """Return the movements of a subscription by day and kind.

    `agreed` are its changes without pauses, `paid` those with pauses, `kinds` the kind
    of each day for the customer. A customer who leaves while paused churns, and the
    pause is closed.

    >>> may, june = date(2026, 5, 1), date(2026, 6, 1)
    >>> thirty = Decimal(30)
    >>> left = movements_by_kind(
    ...     {june: -thirty}, {may: -thirty}, {june: MovementKind.CHURN}
    ... )
    >>> for (day, kind), amount in left.items():
    ...     print(day, kind, amount)
    2026-05-01 pause -30
    2026-06-01 resumption 30
    2026-06-01 churn -30
    """
    movements: dict[tuple[date, MovementKind], Decimal] = {}
    for day in sorted({*agreed, *paid}):
        amount = agreed.get(day, ZERO)
        paused = paid.get(day, ZERO) - amount
        if paused:
            kind = MovementKind.PAUSE if paused < 0 else MovementKind.RESUMPTION
            movements[day, kind] = paused
        if amount:
            movements[day, kinds[day]] = amount
    return movements


def movements_to_record(
    wanted: Mapping[Key, Decimal], recorded: Mapping[Key, Decimal]
) -> dict[Key, Decimal]:
    """Return the amounts to add per key so that the record equals what is wanted.

    The record is append-only: undone or reclassified movements are reversed.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> movements_to_record({april: Decimal(30)}, {april: Decimal(30), may: Decimal(5)})
    {datetime.date(2026, 5, 1): Decimal('-5')}
    """
    keys = dict.fromkeys([*wanted, *recorded])
    missing = {key: wanted.get(key, ZERO) - recorded.get(key, ZERO) for key in keys}
    return {key: amount for key, amount in missing.items() if amount}


def level_on(day: date, movements: Iterable[tuple[date, Decimal]]) -> Decimal:
    """Return the monthly revenue on a day, the sum of the movements until then."""
    return sum((amount for moved, amount in movements if moved <= day), ZERO)
