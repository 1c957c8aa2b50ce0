"""The states of a subscription, the transitions between them, and sets of states."""

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
    State.CANCELLED: (),
    State.EXPIRED: (),
}
"""The states that may follow each state. An ended subscription never restarts: a
scheduled end is undone before it takes effect."""

ENDED = frozenset({State.CANCELLED, State.EXPIRED})
"""The final states: the service is over, and only its last periods may be billed."""

ONGOING = frozenset(State) - {State.DRAFT} - ENDED
"""Started and not ended, whether or not the service is interrupted."""

SERVED = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
"""The states with service."""

BILLED = frozenset(State) - {State.DRAFT, State.SUSPENDED}
"""The states in which due periods are invoiced. Paused and ended subscriptions are
billed for the days before; suspended ones only after they are reactivated or ended."""

CHANGEABLE = ONGOING - {State.SUSPENDED}
"""The states in which an ongoing subscription may be changed or repriced."""

COMMITTED = ONGOING - {State.TRIAL}
"""Ongoing with a paid commitment: in figures, health scores and opportunities."""

RENEWABLE = COMMITTED - {State.SUSPENDED}
"""The states in which a term may be renewed."""

PAUSABLE = SERVED - {State.TRIAL}
"""Paid and in service: from here a subscription may be paused or suspended."""

UNPAID = frozenset({State.PAST_DUE, State.SUSPENDED})
"""The states that dunning sets because of an unpaid invoice."""


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
