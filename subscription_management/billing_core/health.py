"""Customer health: one score from 0 to 100 out of several measured signals."""

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
    """The measured values that score 100 and 0; linear between them.

    Either may be the greater one.

    >>> days_late = Scale(best=Decimal(0), worst=Decimal(30))
    >>> [int(days_late.score(Decimal(days))) for days in (0, 6, 30, 90)]
    [100, 80, 0, 0]
    """

    best: Decimal
    worst: Decimal

    def __post_init__(self) -> None:
        if self.best == self.worst:
            raise InvalidScale(self.best)

    def score(self, measured: Decimal) -> Decimal:
        """Return the score of a measured value, from 0 to 100."""
        share = (measured - self.worst) / (self.best - self.worst)
        return min(max(share, ZERO), Decimal(1)) * HUNDRED


@dataclass(frozen=True, slots=True)
class SignalScore:
    """The score of one signal, None if it is unknown, and its weight."""

    score: Decimal | None
    weight: Decimal


def contributions(signals: Sequence[SignalScore]) -> list[Decimal | None]:
    """Return the points that each signal adds to the total score.

    Signals that are unknown or without weight contribute None, and the others weigh
    more.

    >>> late = SignalScore(score=Decimal(80), weight=Decimal(3))
    >>> unknown = SignalScore(score=None, weight=Decimal(5))
    >>> quiet = SignalScore(score=Decimal(100), weight=Decimal(1))
    >>> [points and int(points) for points in contributions([late, unknown, quiet])]
    [60, None, 25]
    """
    total = sum((signal.weight for signal in signals if signal.score is not None), ZERO)
    return [
        None
        if signal.score is None or not signal.weight
        else signal.score * signal.weight / total
        for signal in signals
    ]


def total_score(signals: Sequence[SignalScore]) -> int | None:
    """Return the rounded weighted mean of the scores, None if all are unknown.

    >>> late = SignalScore(score=Decimal(80), weight=Decimal(3))
    >>> total_score([late, SignalScore(score=Decimal(100), weight=Decimal(1))])
    85
    >>> total_score([SignalScore(score=None, weight=Decimal(1))])
    """
    counted = [
        (Fraction(signal.score), Fraction(signal.weight))
        for signal in signals
        if signal.score is not None and signal.weight
    ]
    if not counted:
        return None
    total = sum(weight for _score, weight in counted)
    return floor(sum(score * weight for score, weight in counted) / total + HALF)


def band_of(points: int) -> Band:
    """Return the band of a score.

    >>> [band_of(points).value for points in (70, 69, 40, 39)]
    ['healthy', 'watch', 'watch', 'at_risk']
    """
    return next(band for band, lowest in LOWEST_OF_BAND.items() if points >= lowest)
