"""States and outcomes of dunning cases, and the keys of their steps."""

from ...billing_core.collection import UNRESOLVED, Outcome
from ...billing_core.dunning import Action

SENDING = "sending"
"""A charge without a recorded response: under way, or left by a stopped worker."""

OUTCOMES = [
    (SENDING, "Sending"),
    (Outcome.PAID.value, "Succeeded"),
    (Outcome.PENDING.value, "Pending"),
    (Outcome.DECLINED.value, "Declined"),
    (Outcome.ACTION.value, "Authentication Required"),
    (Outcome.UNKNOWN.value, "Unknown Outcome"),
]
UNRESOLVED_OUTCOMES = (SENDING, *sorted(UNRESOLVED))
"""The outcomes that may still become a payment."""

BLOCKING = (*UNRESOLVED_OUTCOMES, Outcome.PAID.value)
"""The outcomes that block steps, until a payment is registered or ruled out."""

STATES = [("open", "Open"), ("paid", "Paid"), ("settled", "Settled")]
STAGES = [
    ("declined", "Declined"),
    (Action.PAST_DUE.value, "Past Due"),
    (Action.CHARGE.value, "Retried"),
    (Action.EMAIL.value, "Reminded"),
    (Action.ACTIVITY.value, "To-Do"),
    (Action.SUSPEND.value, "Suspended"),
    (Action.CANCEL.value, "Cancelled"),
]
"""The stages of a case in ascending order; a case never moves to an earlier one."""

HOLDS = [("promised", "Promised"), ("disputed", "Disputed"), ("on_hold", "On Hold")]
PAID_STATES = ("paid", "in_payment")

PAST_DUE_KEY = 0
"""The key of the step of every policy from which an invoice is past due."""
