"""Dunning steps by day."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from billing_core.collection import Decline
from billing_core.dunning import (
    SERVICE_STOPPING,
    Action,
    Case,
    DayPlan,
    PaymentReadiness,
    Policy,
    Step,
    check_policy,
    is_service_warning,
    steps_on,
    upcoming_steps,
)
from billing_core.errors import (
    CancelledTwice,
    NoDunningStep,
    StepBeforeDueDate,
    StepTwiceOnOneDay,
    SuspensionAfterCancellation,
)
from hypothesis import given
from hypothesis import strategies as st

DUE = date(2026, 7, 1)
REMINDER, PAST_DUE, RETRY, EMAIL, PAYDAY, WARNING, SUSPEND, LAST, CANCEL = range(1, 10)
CARD = Policy(
    (
        Step(REMINDER, -3, Action.EMAIL),
        Step(PAST_DUE, 1, Action.PAST_DUE),
        Step(RETRY, 3, Action.CHARGE),
        Step(EMAIL, 3, Action.EMAIL),
        Step(PAYDAY, 5, Action.CHARGE, Decline.FUNDS),
        Step(WARNING, 10, Action.EMAIL),
        Step(SUSPEND, 15, Action.SUSPEND),
        Step(LAST, 25, Action.EMAIL),
        Step(CANCEL, 30, Action.CANCEL),
    )
)
NOTHING = DayPlan()
READY = Case(DUE, readiness=PaymentReadiness.READY, decline=Decline.OTHER)


def day(number):
    return DUE + timedelta(days=number)


def live_through(case, days, policy=CARD, quiet=()):
    """Return {day: steps done on it} of runs on some days."""
    found = {}
    for number in days:
        for plan in runs(policy, case, day(number), quiet):
            found.setdefault(number, []).extend(step.key for step in plan.to_do)
            case = case.after(plan, day(number))
        if not found.get(number):
            found.pop(number, None)
    return found


def runs(policy, case, today, quiet):
    """Yield the plans of a day until one is empty."""
    while (plan := steps_on(policy, case, today, quiet)) != NOTHING:
        yield plan
        case = case.after(plan, today)


def test_with_daily_runs_each_step_is_carried_out_on_its_day():
    assert live_through(READY, range(-5, 40)) == {
        -3: [REMINDER],
        1: [PAST_DUE],
        3: [RETRY, EMAIL],
        10: [WARNING],
        15: [SUSPEND],
        25: [LAST],
        30: [CANCEL],
    }


def test_an_invoice_due_on_the_1st_suspends_after_15_days_on_the_16th():
    case = Case(DUE, done={WARNING: day(10)})
    suspends = [
        on for step, on in upcoming_steps(CARD, case, day(11)) if step.key == SUSPEND
    ]
    assert suspends == [date(2026, 7, 16)]


def test_a_reminder_planned_before_the_due_date_is_skipped_from_the_due_date():
    assert live_through(READY, [0]) == {}
    assert steps_on(CARD, READY, DUE).skipped[0].key == REMINDER


def test_steps_after_a_charge_wait_for_its_outcome():
    case = READY.after(steps_on(CARD, READY, day(1)), day(1))
    plan = steps_on(CARD, case, day(3))
    assert [step.key for step in plan.to_do] == [RETRY]
    assert [
        step.key for step in steps_on(CARD, case.after(plan, day(3)), day(3)).to_do
    ] == [EMAIL]


def test_a_charge_due_on_the_day_of_another_charge_is_sent_on_the_next_day():
    case = replace(READY, charged_on=day(3))
    assert live_through(case, range(1, 6)) == {1: [PAST_DUE], 3: [EMAIL], 4: [RETRY]}


def test_a_charge_that_waits_for_the_next_day_is_overtaken_by_a_later_one():
    case = replace(READY, decline=Decline.FUNDS, charged_on=day(5))
    assert live_through(case, [5, 6]) == {5: [PAST_DUE, EMAIL], 6: [PAYDAY]}


def test_a_charge_step_counts_as_the_charge_of_its_day():
    plan = steps_on(CARD, READY, day(3))
    assert READY.after(plan, day(3)).charged_on == day(3)
    assert READY.after(DayPlan(), day(3)).charged_on is None


def test_the_email_of_a_suspension_is_not_sent_before_it():
    policy = Policy(
        (
            Step(1, 10, Action.EMAIL),
            Step(2, 15, Action.SUSPEND),
            Step(3, 15, Action.EMAIL),
        )
    )
    assert live_through(Case(DUE), range(40, 50), policy) == {40: [1], 45: [2, 3]}


def test_a_decline_for_funds_has_a_retry_of_its_own():
    poor = Case(DUE, readiness=PaymentReadiness.READY, decline=Decline.FUNDS)
    assert live_through(poor, range(6))[5] == [PAYDAY]


@pytest.mark.parametrize("method", [PaymentReadiness.NONE, PaymentReadiness.ACTION])
def test_a_payment_method_that_is_not_ready_is_not_charged(method):
    case = Case(DUE, readiness=method, decline=Decline.HARD)
    assert live_through(case, range(6)) == {1: [PAST_DUE], 3: [EMAIL]}


def test_a_hard_decline_is_not_retried():
    case = Case(DUE, readiness=PaymentReadiness.READY, decline=Decline.HARD)
    assert RETRY not in live_through(case, [3])[3]


def test_after_an_outage_one_email_is_sent_with_the_full_notice_period():
    # The first run is 40 days late; 15 − 10 days later, 25 − 15, 30 − 25.
    assert live_through(READY, range(40, 80)) == {
        40: [PAST_DUE, RETRY, WARNING],
        45: [SUSPEND],
        55: [LAST],
        60: [CANCEL],
    }


def test_a_late_email_delays_the_steps_that_follow_it():
    days = [*range(9), *range(12, 50)]
    found = live_through(READY, days)
    assert (found[12], found[17], found[27], found[32]) == (
        [WARNING],
        [SUSPEND],
        [LAST],
        [CANCEL],
    )


def test_a_late_first_email_delays_nothing_if_the_last_one_is_on_time():
    days = [*range(3), *range(5, 20)]
    assert live_through(READY, days)[15] == [SUSPEND]


def test_steps_that_the_customer_notices_are_deferred_on_quiet_days():
    sabbath = {day(3), day(15)}
    found = live_through(READY, range(20), quiet=sabbath)
    assert (found[3], found[4], found[16]) == ([RETRY], [EMAIL], [SUSPEND])


def test_upcoming_steps_are_the_steps_carried_out():
    upcoming = {}
    for step, on in upcoming_steps(CARD, READY, day(-5), {day(3), day(25)}):
        upcoming.setdefault((on - DUE).days, []).append(step.key)
    assert upcoming == live_through(READY, range(-5, 60), quiet={day(3), day(25)})


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([], NoDunningStep),
        ([Step(1, 1, Action.PAST_DUE)], NoDunningStep),
        ([Step(1, -1, Action.SUSPEND)], StepBeforeDueDate),
        ([Step(1, 3, Action.EMAIL), Step(2, 3, Action.EMAIL)], StepTwiceOnOneDay),
        ([Step(1, 9, Action.SUSPEND), Step(2, 5, Action.CANCEL)], None),
        ([Step(1, 9, Action.CANCEL), Step(2, 12, Action.CANCEL)], None),
    ],
)
def test_a_policy_that_cannot_be_carried_out_is_refused(steps, error):
    expected = error or (SuspensionAfterCancellation, CancelledTwice)
    with pytest.raises(expected):
        check_policy(Policy(tuple(steps)))


def test_a_typical_policy_is_accepted():
    check_policy(CARD)
    activities = [Step(1, 5, Action.ACTIVITY), Step(2, 5, Action.ACTIVITY)]
    check_policy(Policy(tuple(activities)))


steps = st.builds(
    lambda number, action: (
        (max(number, 0), action)
        if action not in (Action.EMAIL, Action.ACTIVITY)
        else (number, action)
    ),
    st.integers(-10, 40),
    st.sampled_from(list(Action)),
)
policies = st.lists(steps, min_size=1, max_size=8, unique=True).map(
    lambda rows: Policy(
        tuple(Step(key, number, action) for key, (number, action) in enumerate(rows))
    )
)
cases = st.builds(
    Case,
    due=st.just(DUE),
    readiness=st.sampled_from(PaymentReadiness),
    decline=st.none() | st.sampled_from(Decline),
)
quiet_days = st.sets(st.integers(-10, 60).map(day), max_size=20)
first_days = st.integers(-20, 60)


@given(policies, cases, first_days, quiet_days)
def test_daily_runs_carry_out_the_upcoming_steps(policy, case, first, quiet):
    upcoming = {}
    for step, on in upcoming_steps(policy, case, day(first), quiet):
        upcoming.setdefault((on - DUE).days, []).append(step.key)
    days = range(first, first + 200)
    assert live_through(case, days, policy, quiet) == upcoming


@given(policies, cases, first_days, quiet_days)
def test_a_second_run_on_a_day_does_nothing(policy, case, first, quiet):
    today, done = day(first), []
    for plan in runs(policy, case, today, quiet):
        done += [step.key for step in (*plan.to_do, *plan.skipped)]
        case = case.after(plan, today)
    assert len(done) == len(set(done))
    assert steps_on(policy, case, today, quiet) == NOTHING


@given(policies, cases, st.lists(first_days, min_size=1), quiet_days)
def test_no_step_runs_early_or_twice_or_without_its_warning(policy, case, days, quiet):
    done = {}
    for number in sorted(days):
        for plan in runs(policy, case, day(number), quiet):
            for step in plan.to_do:
                assert step.key not in done
                assert number >= step.day
                done[step.key] = number
                if step.action in SERVICE_STOPPING:
                    written = [
                        each
                        for each in policy.steps
                        if each.order < step.order
                        and each.action is Action.EMAIL
                        and each.key in done
                    ]
                    for warning in written[-1:]:
                        assert number - done[warning.key] >= step.day - warning.day
            case = case.after(plan, day(number))


def test_emails_around_the_loss_of_the_service_are_service_warnings():
    only_a_reminder = Policy((Step(1, -3, Action.EMAIL), Step(2, 10, Action.SUSPEND)))
    assert is_service_warning(only_a_reminder, 1)
    emails = tuple(Step(day, day, Action.EMAIL) for day in (3, 9, 15, 20))
    policy = Policy((*emails, Step(99, 15, Action.SUSPEND)))
    assert [is_service_warning(policy, key) for key in (3, 9, 15, 20)] == [
        False,
        True,
        True,
        True,
    ]
    assert not any(is_service_warning(Policy(emails), key) for key in (3, 9, 15, 20))
