import pytest
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
    assert not any(State.DRAFT in ways for ways in TRANSITIONS.values())


@pytest.mark.parametrize("state", sorted(set(State) - ENDED - {State.CANCELLED}))
def test_every_running_state_can_be_cancelled(state):
    check_transition(state, State.CANCELLED)


def test_a_refused_transition_names_the_allowed_states():
    with pytest.raises(TransitionNotAllowed, match="trial, active, cancelled"):
        check_transition(State.DRAFT, State.PAUSED)


def test_a_state_does_not_follow_itself():
    for state in State:
        with pytest.raises(TransitionNotAllowed):
            check_transition(state, state)
