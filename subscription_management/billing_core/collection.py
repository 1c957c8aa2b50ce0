"""The outcome of a charge, and which declines may be retried."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SERVER_ERRORS = 500
INCONCLUSIVE_STATUSES = frozenset({408, 409, 425})
"""Client errors after which the same request may still have been processed."""


class Outcome(StrEnum):
    """The known outcome of a charge."""

    PAID = "paid"
    PENDING = "pending"
    DECLINED = "declined"
    ACTION = "action"
    UNKNOWN = "unknown"


class Decline(StrEnum):
    """Why a charge was declined, by the remedy."""

    FUNDS = "funds"
    """Insufficient funds: another day may succeed."""
    TEMPORARY = "temporary"
    """A temporary failure of the bank or network: any retry may succeed."""
    OTHER = "other"
    """A reason that does not rule out a retry."""
    ACTION = "action"
    """Authentication required: only the customer can complete it."""
    HARD = "hard"
    """This payment method will never succeed: another one is needed."""


SOFT = frozenset({Decline.FUNDS, Decline.TEMPORARY, Decline.OTHER})
"""The declines after which the policy retries the same payment method."""

UNRESOLVED = frozenset({Outcome.PENDING, Outcome.UNKNOWN})
"""The outcomes that may still become a payment: nothing else is charged meanwhile."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider; `status` is None if no response arrived."""

    may_charge: bool
    status: int | None = None
    was_sent: bool = True

    @property
    def is_open(self) -> bool:
        """Return whether the request may have charged without a response that says so.

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
        return self.status in INCONCLUSIVE_STATUSES


def outcome_of(
    state: str, calls: Iterable[Call], decline: Decline | None = None
) -> Outcome:
    """Return the outcome of a charge.

    `state` is the state of the host's transaction after the provider's answer: draft,
    pending, authorized, done, cancel or error. An error proves that nothing was
    charged only if every call was answered; `decline` is the reason, where known.

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
