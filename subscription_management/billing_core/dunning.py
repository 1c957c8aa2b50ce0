"""How an unpaid invoice is chased: what is done on a day, and what comes next."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from .collection import SOFT, Decline
from .errors import (
    NoDunningStep,
    NothingAfterCancelling,
    StepBeforeDueDate,
    StepTwiceOnOneDay,
    SuspensionAfterCancelling,
)

NO_DAY, ONE_DAY = timedelta(0), timedelta(days=1)


class Action(StrEnum):
    """What a step does; on one day in this order."""

    PAST_DUE = "past_due"
    CHARGE = "charge"
    SUSPEND = "suspend"
    CANCEL = "cancel"
    EMAIL = "email"
    ACTIVITY = "activity"


ORDER = {action: place for place, action in enumerate(Action)}
TAKES_AWAY = frozenset({Action.SUSPEND, Action.CANCEL})
"""What nobody should meet without the warnings that come before it."""

ONCE_A_DAY = frozenset({Action.CHARGE, Action.EMAIL})
"""Of what is late, only the last one is done: nobody gets three letters at once."""

NOTICED = frozenset({Action.EMAIL, Action.SUSPEND, Action.CANCEL})
"""What waits for the end of quiet days."""

ALLOWED_BEFORE_DUE = frozenset({Action.EMAIL, Action.ACTIVITY})


class Method(StrEnum):
    """What a case has to pay with."""

    NONE = "none"
    READY = "ready"
    ACTION = "action"
    """The customer has to agree first."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done `day` days after the due date; a charge maybe for one decline only.

    `key` names the step among those of its policy.
    """

    key: int
    day: int
    action: Action
    decline: Decline | None = None

    @property
    def takes_away(self) -> bool:
        return self.action in TAKES_AWAY

    @property
    def order(self) -> tuple[int, int, int]:
        return self.day, ORDER[self.action], self.key


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps by days from the due date, in any order given, kept in theirs."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "steps", tuple(sorted(self.steps, key=lambda step: step.order))
        )


def check_policy(policy: Policy) -> None:
    """Raise unless a policy can be followed by whoever is chased with it."""
    if not any(step.action is not Action.PAST_DUE for step in policy.steps):
        raise NoDunningStep
    seen: dict[tuple[int, Action, Decline | None], Step] = {}
    cancels: Step | None = None
    for step in policy.steps:
        if step.day < 0 and step.action not in ALLOWED_BEFORE_DUE:
            raise StepBeforeDueDate(step.action, step.day)
        twin = (step.day, step.action, step.decline)
        if twin in seen and step.action is not Action.ACTIVITY:
            raise StepTwiceOnOneDay(step.action, step.day)
        seen[twin] = step
        if cancels and step.action is Action.SUSPEND:
            raise SuspensionAfterCancelling(step.day, cancels.day)
        if cancels and step.action is Action.CANCEL:
            raise NothingAfterCancelling(step.day, cancels.day)
        if step.action is Action.CANCEL:
            cancels = step


@dataclass(frozen=True, slots=True)
class Case:
    """An unpaid invoice: since when, what was done, what there is to pay with.

    `done` tells the day on which each step was done; those of `passed_over` never are.
    """

    due: date
    done: Mapping[int, date] = field(default_factory=dict)
    passed_over: frozenset[int] = frozenset()
    method: Method = Method.NONE
    decline: Decline | None = None

    def takes(self, step: Step, today: date) -> bool:
        """Tell whether a step applies as things are."""
        if step.day < 0:
            return today < self.due
        if step.action is not Action.CHARGE:
            return True
        if self.method is not Method.READY:
            return False
        if step.decline is None:
            return self.decline is None or self.decline in SOFT
        return step.decline is self.decline

    def after(self, plan: Day, today: date) -> Case:
        """Return the case once a plan was carried out on a day."""
        return replace(
            self,
            done={**self.done, **{step.key: today for step in plan.to_do}},
            passed_over=self.passed_over | {step.key for step in plan.passed_over},
        )


@dataclass(frozen=True, slots=True)
class Day:
    """What is done on a day, and what is passed over for good."""

    to_do: tuple[Step, ...] = ()
    passed_over: tuple[Step, ...] = ()


def warns(policy: Policy, key: int) -> bool:
    """Tell whether a letter goes with taking the service away.

    Such are the last one before it is taken, and all that follow.

    >>> letters = Step(1, 3, Action.EMAIL), Step(2, 9, Action.EMAIL)
    >>> policy = Policy((*letters, Step(3, 15, Action.SUSPEND)))
    >>> warns(policy, 1), warns(policy, 2)
    (False, True)
    """
    taken = [number for number, step in enumerate(policy.steps) if step.takes_away]
    if not taken:
        return False
    before, after = policy.steps[: taken[0]], policy.steps[taken[0] :]
    last = [step for step in before if step.action is Action.EMAIL][-1:]
    return any(step.key == key for step in (*last, *after))


def steps_on(
    policy: Policy, case: Case, today: date, quiet: Container[date] = ()
) -> Day:
    """Return what is done on a day, and what is passed over for good.

    A step with day n is done on the first day from due + n on. On `quiet` days nothing
    is done that the customer would notice. Of letters and charges that are late, only
    the last one is done. What follows a charge waits for what comes of it: it is
    returned when this is asked again.

    >>> policy = Policy((Step(1, 3, Action.EMAIL), Step(2, 15, Action.SUSPEND)))
    >>> case = Case(due=date(2026, 7, 1), done={1: date(2026, 7, 4)})
    >>> steps_on(policy, case, date(2026, 7, 15)).to_do
    ()
    >>> [step.key for step in steps_on(policy, case, date(2026, 7, 16)).to_do]
    [2]
    """
    due = [
        step
        for step, day in _open_steps(policy, case, today)
        if day <= today and not (today in quiet and step.action in NOTICED)
    ]
    wanted = [step for step in due if case.takes(step, today)]
    last = {step.action: step for step in wanted}
    to_do = [
        step
        for step in wanted
        if step.action not in ONCE_A_DAY or step is last[step.action]
    ]
    charge = next((step for step in to_do if step.action is Action.CHARGE), None)
    if charge:
        to_do = to_do[: to_do.index(charge) + 1]
        due = due[: due.index(charge) + 1]
    return Day(tuple(to_do), tuple(step for step in due if step not in to_do))


def _open_steps(policy: Policy, case: Case, today: date) -> Iterator[tuple[Step, date]]:
    """Yield the steps that are left, each with its day.

    What takes the service away comes as many days late as the last letter before it,
    so that a warning leaves the time that the policy gives. All that follows it keeps
    its distance from it.
    """
    since_taken = since_warned = NO_DAY
    for step in policy.steps:
        if step.key in case.passed_over:
            continue
        late = max(since_taken, since_warned) if step.takes_away else since_taken
        planned = case.due + timedelta(days=step.day)
        on = case.done.get(step.key)
        if on is None:
            yield step, planned + late
            on = max(planned + late, today)
        if step.takes_away:
            since_taken = since_warned = max(on - planned, NO_DAY)
        elif step.action is Action.EMAIL and (step.key in case.done or step.day >= 0):
            since_warned = on - planned


def next_day(
    policy: Policy, case: Case, today: date, quiet: Container[date] = ()
) -> date | None:
    """Return the first day from one on that settles a step, None if none is left.

    A step is settled when it is done, and when it is passed over since it does not
    apply on its day.

    >>> policy = Policy((Step(1, 3, Action.CHARGE), Step(2, 15, Action.SUSPEND)))
    >>> nothing_saved = Case(due=date(2026, 7, 1))
    >>> str(next_day(policy, nothing_saved, date(2026, 7, 1)))
    '2026-07-04'
    """
    day = today
    while left := list(_open_steps(policy, case, day)):
        if steps_on(policy, case, day, quiet) != Day():
            return day
        day = max(day + ONE_DAY, min(on for _step, on in left))
    return None


def foresee(
    policy: Policy, case: Case, today: date, quiet: Container[date] = ()
) -> Iterator[tuple[Step, date]]:
    """Yield what will be done, and when, from a day on if nothing is paid.

    Each step is taken as done on its day, and the method as refused as it is now.

    >>> policy = Policy((Step(1, 3, Action.EMAIL), Step(2, 15, Action.SUSPEND)))
    >>> late = Case(due=date(2026, 6, 1))
    >>> [(step.key, str(day)) for step, day in foresee(policy, late, date(2026, 7, 1))]
    [(1, '2026-07-01'), (2, '2026-07-13')]
    """
    day: date | None = today
    while (day := next_day(policy, case, day or today, quiet)) is not None:
        plan = steps_on(policy, case, day, quiet)
        yield from ((step, day) for step in plan.to_do)
        case = case.after(plan, day)
