import pytest
from billing_core import lifecycle
from billing_core.errors import TransitionNotAllowed
from billing_core.lifecycle import ENDED, TRANSITIONS, State, check_transition


def test_every_state_has_its_transitions():
    assert set(TRANSITIONS) == set(State)


def test_every_state_can_be_reached_from_draft():
    reached, frontier = {State.DRAFT}, [State.DRAFT]
    while frontier:
        new = set(TRANSITIONS[frontier.pop()]) - reached
        reached |= new
        frontier += new
    assert reached == set(State)


def test_no_state_leads_back_to_draft():
    assert not any(State.DRAFT in following for following in TRANSITIONS.values())


@pytest.mark.parametrize("state", sorted(set(State) - ENDED))
def test_every_state_before_the_end_can_be_cancelled(state):
    check_transition(state, State.CANCELLED)


@pytest.mark.parametrize("state", sorted(ENDED))
@pytest.mark.parametrize("wanted", sorted(State))
def test_no_state_follows_an_ended_one(state, wanted):
    with pytest.raises(TransitionNotAllowed):
        check_transition(state, wanted)


@pytest.mark.parametrize("state", ["suspended", "paused", "past_due", "trial"])
def test_an_interrupted_subscription_can_become_active(state):
    check_transition(State(state), State.ACTIVE)


def test_only_a_draft_can_start_a_trial():
    assert _that_may_become(State.TRIAL) == {State.DRAFT}


def test_a_suspended_subscription_cannot_become_past_due_or_paused():
    for wanted in (State.PAST_DUE, State.PAUSED):
        with pytest.raises(TransitionNotAllowed):
            check_transition(State.SUSPENDED, wanted)


def test_a_refused_transition_names_the_allowed_states():
    with pytest.raises(TransitionNotAllowed, match="trial, active, cancelled"):
        check_transition(State.DRAFT, State.PAUSED)


def test_a_state_does_not_follow_itself():
    for state in State:
        with pytest.raises(TransitionNotAllowed):
            check_transition(state, state)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("ENDED", "cancelled expired"),
        ("ONGOING", "active past_due paused suspended trial"),
        ("SERVED", "active past_due trial"),
        ("BILLED", "active cancelled expired past_due paused trial"),
        ("CHANGEABLE", "active past_due paused trial"),
        ("COMMITTED", "active past_due paused suspended"),
        ("RENEWABLE", "active past_due paused"),
        ("PAUSABLE", "active past_due"),
        ("UNPAID", "past_due suspended"),
    ],
)
def test_a_set_holds_its_states(name, states):
    assert sorted(getattr(lifecycle, name)) == states.split()


def test_a_subscription_is_paused_and_suspended_from_the_same_states():
    assert _that_may_become(State.PAUSED) == lifecycle.PAUSABLE
    assert _that_may_become(State.SUSPENDED) == lifecycle.PAUSABLE


def _that_may_become(wanted):
    return {state for state, following in TRANSITIONS.items() if wanted in following}
