"""The outcome of a charge by the responses of the provider."""

import pytest
from billing_core.collection import Call, Decline, Outcome, outcome_of

ANSWERED = Call(may_charge=True, status=402)
LOST = Call(may_charge=True)
LOOKED_UP = Call(may_charge=False)


@pytest.mark.parametrize(
    ("state", "calls", "decline", "outcome"),
    [
        ("done", [Call(may_charge=True, status=200)], None, Outcome.PAID),
        ("done", [LOST], None, Outcome.PAID),  # a webhook was quicker
        ("pending", [Call(may_charge=True, status=200)], None, Outcome.PENDING),
        ("authorized", [Call(may_charge=True, status=200)], None, Outcome.PENDING),
        ("error", [ANSWERED], Decline.HARD, Outcome.DECLINED),
        ("error", [ANSWERED], Decline.ACTION, Outcome.ACTION),
        ("cancel", [ANSWERED], None, Outcome.DECLINED),
        ("error", [], None, Outcome.DECLINED),  # a provider without requests
        ("draft", [Call(may_charge=True, status=200)], None, Outcome.ACTION),
        ("error", [LOST], None, Outcome.UNKNOWN),
        ("draft", [LOST], None, Outcome.UNKNOWN),
        ("error", [LOOKED_UP], None, Outcome.DECLINED),
        ("error", [Call(True, 500)], None, Outcome.UNKNOWN),
        ("error", [Call(True, 409)], None, Outcome.UNKNOWN),
        ("error", [Call(True, 429)], None, Outcome.DECLINED),
        ("error", [Call(True, None, was_sent=False)], None, Outcome.DECLINED),
        ("error", [ANSWERED, LOST], Decline.HARD, Outcome.UNKNOWN),
    ],
)
def test_the_outcome_follows_from_the_responses(state, calls, decline, outcome):
    assert outcome_of(state, calls, decline) is outcome
