"""What came of a charge, and whether another one may follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SERVER_ERRORS = 500
NO_VERDICT = frozenset({408, 409, 425})
"""Refusals of a request that another one like it may already have been granted."""


class Outcome(StrEnum):
    """What is known of a charge once it was asked for."""

    PAID = "paid"
    PENDING = "pending"
    DECLINED = "declined"
    ACTION = "action"
    UNKNOWN = "unknown"


class Decline(StrEnum):
    """Why a charge was declined, by what may help."""

    FUNDS = "funds"
    """The money was not there: it may be on another day."""
    TEMPORARY = "temporary"
    """Nobody could decide: it may pass at any time."""
    OTHER = "other"
    """No reason was given that excludes another try."""
    ACTION = "action"
    """The customer has to agree in person."""
    HARD = "hard"
    """This method will never pay: another one is needed."""


SOFT = frozenset({Decline.FUNDS, Decline.TEMPORARY, Decline.OTHER})
"""The declines after which the same method is charged again, by the policy."""

LIVE = frozenset({Outcome.PENDING, Outcome.UNKNOWN})
"""The outcomes of which money may still come: no machine charges beside them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider: `status` is None where no answer came back."""

    may_charge: bool
    status: int | None = None
    was_sent: bool = True

    @property
    def is_open(self) -> bool:
        """Tell whether money may have moved though the provider did not say so.

        >>> Call(may_charge=True).is_open
        True
        >>> Call(may_charge=True, was_sent=False).is_open
        False
        >>> Call(may_charge=True, status=402).is_open
        False
        """
        if not self.may_charge or not self.was_sent:
            return False
        if self.status is None or self.status >= SERVER_ERRORS:
            return True
        return self.status in NO_VERDICT


def outcome_of(
    state: str, calls: Iterable[Call], decline: Decline | None = None
) -> Outcome:
    """Return what a charge came to.

    `state` is what the provider's answer made of the host's transaction: draft,
    pending, authorized, done, cancel or error. An error proves that nothing was
    charged only where every call was answered; `decline` says why, if it is known.

    >>> outcome_of("error", [Call(may_charge=True, status=402)]).value
    'declined'
    >>> outcome_of("error", [Call(may_charge=True)]).value
    'unknown'
    """
    if state == "done":
        return Outcome.PAID
    if state in ("pending", "authorized"):
        return Outcome.PENDING
    if any(call.is_open for call in calls):
        return Outcome.UNKNOWN
    if state == "draft" or decline is Decline.ACTION:
        return Outcome.ACTION
    return Outcome.DECLINED
