"""The interface of a condition, and the signal that it returns."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Signal:
    """A condition that holds for a subscription today."""

    key: str
    """Identifies the signal: the same one makes no second opportunity."""
    reason: str
    """One sentence with the numbers."""
    monthly: float
    """The revenue at stake, per month in the subscription's currency."""
    deadline: date | None = None
    """The date by which the customer decides."""


class Condition:
    """The condition of one kind of rule."""

    def candidates(self, rule):
        """Return the domain of the subscriptions for which it may hold today."""
        raise NotImplementedError

    def signal(self, subscription, rule):
        """Return the `Signal` of a subscription, or None where it does not hold."""
        raise NotImplementedError

    def cleared(self, subscription, finding):
        """Return the sentence that it no longer holds, or None while it does."""
        raise NotImplementedError

    def describe(self, rule):
        """Return when the rule creates an opportunity, as the start of a sentence."""
        raise NotImplementedError
