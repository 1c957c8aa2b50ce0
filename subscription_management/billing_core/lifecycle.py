"""The states of a subscription and the ways between them."""

from __future__ import annotations

from enum import StrEnum

from .errors import TransitionNotAllowed


class State(StrEnum):
    DRAFT = "draft"
    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TRANSITIONS: dict[State, tuple[State, ...]] = {
    State.DRAFT: (State.TRIAL, State.ACTIVE, State.CANCELLED),
    State.TRIAL: (State.ACTIVE, State.CANCELLED, State.EXPIRED),
    State.ACTIVE: (
        State.PAST_DUE,
        State.SUSPENDED,
        State.PAUSED,
        State.CANCELLED,
        State.EXPIRED,
    ),
    State.PAST_DUE: (
        State.ACTIVE,
        State.SUSPENDED,
        State.PAUSED,
        State.CANCELLED,
        State.EXPIRED,
    ),
    State.SUSPENDED: (State.ACTIVE, State.CANCELLED, State.EXPIRED),
    State.PAUSED: (State.ACTIVE, State.CANCELLED, State.EXPIRED),
    State.CANCELLED: (State.ACTIVE,),
    State.EXPIRED: (State.ACTIVE,),
}
"""From a state to those that may follow. The way back from cancelled and expired
is a late renewal: the days between are not served."""

SERVED = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
"""The states in which the customer gets the service."""

ENDED = frozenset({State.CANCELLED, State.EXPIRED})
"""The states in which no further period begins."""


def check_transition(current: State, wanted: State) -> None:
    """Raise `TransitionNotAllowed` unless `wanted` may follow `current`.

    >>> check_transition(State.DRAFT, State.ACTIVE)
    >>> check_transition(State.DRAFT, State.EXPIRED)
    Traceback (most recent call last):
    ...
    billing_core.errors.TransitionNotAllowed: A subscription that is draft cannot \
become expired; from here it can become trial, active, cancelled.
    """
    if wanted not in TRANSITIONS[current]:
        raise TransitionNotAllowed(current, wanted, TRANSITIONS[current])
