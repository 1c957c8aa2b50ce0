"""How well a customer is doing: one number of several facts that can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import floor

from .errors import InvalidScale
from .money import HUNDRED, ZERO

HALF = Fraction(1, 2)


class Band(Enum):
    HEALTHY = "healthy"
    WATCH = "watch"
    AT_RISK = "at_risk"


LOWEST_OF_BAND = {Band.HEALTHY: 70, Band.WATCH: 40, Band.AT_RISK: 0}
"""The lowest score of each band, the best one first."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From which number on a fact has all marks, and from which it has none.

    Either may be the greater one. Between them marks go in a straight line.

    >>> days_late = Scale(best=Decimal(0), worst=Decimal(30))
    >>> [int(days_late.marks(Decimal(days))) for days in (0, 6, 30, 90)]
    [100, 80, 0, 0]
    """

    best: Decimal
    worst: Decimal

    def __post_init__(self) -> None:
        if self.best == self.worst:
            raise InvalidScale(self.best)

    def marks(self, measured: Decimal) -> Decimal:
        """Return the marks of a number, from 0 to 100."""
        share = (measured - self.worst) / (self.best - self.worst)
        return min(max(share, ZERO), Decimal(1)) * HUNDRED


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one signal: its marks, None if nobody knows, and its weight."""

    marks: Decimal | None
    weight: Decimal


def shares(facts: Sequence[Fact]) -> list[Decimal | None]:
    """Return what each fact adds to the score, None for what does not count.

    What is not known, or weighs nothing, is left out, and the others weigh more.

    >>> late = Fact(marks=Decimal(80), weight=Decimal(3))
    >>> unknown = Fact(marks=None, weight=Decimal(5))
    >>> quiet = Fact(marks=Decimal(100), weight=Decimal(1))
    >>> [share and int(share) for share in shares([late, unknown, quiet])]
    [60, None, 25]
    """
    total = sum((fact.weight for fact in facts if fact.marks is not None), ZERO)
    return [
        None
        if fact.marks is None or not fact.weight
        else fact.marks * fact.weight / total
        for fact in facts
    ]


def score(facts: Sequence[Fact]) -> int | None:
    """Return the weighted mean of the marks, rounded; None where nothing is known.

    >>> late = Fact(marks=Decimal(80), weight=Decimal(3))
    >>> score([late, Fact(marks=Decimal(100), weight=Decimal(1))])
    85
    >>> score([Fact(marks=None, weight=Decimal(1))])
    """
    counted = [
        (Fraction(fact.marks), Fraction(fact.weight))
        for fact in facts
        if fact.marks is not None and fact.weight
    ]
    if not counted:
        return None
    total = sum(weight for _marks, weight in counted)
    return floor(sum(marks * weight for marks, weight in counted) / total + HALF)


def band_of(points: int) -> Band:
    """Return the band that a score lies in.

    >>> [band_of(points).value for points in (70, 69, 40, 39)]
    ['healthy', 'watch', 'watch', 'at_risk']
    """
    return next(band for band, lowest in LOWEST_OF_BAND.items() if points >= lowest)
