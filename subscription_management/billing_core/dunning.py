"""Dunning of an unpaid invoice: the steps of a day, and the upcoming ones."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from .collection import SOFT, Decline
from .errors import (
    CancelledTwice,
    NoDunningStep,
    StepBeforeDueDate,
    StepTwiceOnOneDay,
    SuspensionAfterCancellation,
)

NO_DELAY, ONE_DAY = timedelta(0), timedelta(days=1)


class Action(StrEnum):
    """The kinds of dunning steps, in the order in which they run on one day."""

    PAST_DUE = "past_due"
    CHARGE = "charge"
    SUSPEND = "suspend"
    CANCEL = "cancel"
    EMAIL = "email"
    ACTIVITY = "activity"


ORDER = {action: place for place, action in enumerate(Action)}
SERVICE_STOPPING = frozenset({Action.SUSPEND, Action.CANCEL})
"""The actions that must not happen without the warnings that precede them."""

LATEST_ONLY = frozenset({Action.CHARGE, Action.EMAIL})
"""Of overdue steps of these kinds only the latest runs: one email, not three."""

DEFERRED_ON_QUIET_DAYS = frozenset({Action.EMAIL, Action.SUSPEND, Action.CANCEL})
"""The actions that the customer notices; they wait until the quiet days are over."""

ALLOWED_BEFORE_DUE = frozenset({Action.EMAIL, Action.ACTIVITY})
"""The only actions that may be planned before the due date."""


class PaymentReadiness(StrEnum):
    """Whether the customer's payment method can be charged."""

    NONE = "none"
    READY = "ready"
    ACTION = "action"
    """The customer must authenticate first."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action `day` days after the due date, negative for days before it.

    `key` identifies the step within its policy. A charge with a `decline` applies only
    if the last charge was declined for that reason.
    """

    key: int
    day: int
    action: Action
    decline: Decline | None = None

    @property
    def stops_service(self) -> bool:
        return self.action in SERVICE_STOPPING

    @property
    def order(self) -> tuple[int, int, int]:
        return self.day, ORDER[self.action], self.key


@dataclass(frozen=True, slots=True)
class Policy:
    """The steps of a dunning policy, sorted by day whatever order they are given in."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "steps", tuple(sorted(self.steps, key=lambda step: step.order))
        )


def check_policy(policy: Policy) -> None:
    """Raise a `BillingError` for a policy that cannot be carried out as written."""
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
            raise SuspensionAfterCancellation(step.day, cancels.day)
        if cancels and step.action is Action.CANCEL:
            raise CancelledTwice(step.day, cancels.day)
        if step.action is Action.CANCEL:
            cancels = step


@dataclass(frozen=True, slots=True)
class Case:
    """The state of one unpaid invoice.

    `done` maps each step carried out to its day; steps in `skipped` never run.
    `charged_on` is the day of the last charge, by a step or otherwise.
    """

    due: date
    done: Mapping[int, date] = field(default_factory=dict)
    skipped: frozenset[int] = frozenset()
    readiness: PaymentReadiness = PaymentReadiness.NONE
    decline: Decline | None = None
    charged_on: date | None = None

    def applies_to(self, step: Step, today: date) -> bool:
        """Return whether a step applies to the case in its current state."""
        if step.day < 0:
            return today < self.due
        if step.action is not Action.CHARGE:
            return True
        if self.readiness is not PaymentReadiness.READY:
            return False
        if step.decline is None:
            return self.decline is None or self.decline in SOFT
        return step.decline is self.decline

    def after(self, plan: DayPlan, today: date) -> Case:
        """Return the case after a plan was carried out on a day."""
        charges = any(step.action is Action.CHARGE for step in plan.to_do)
        return replace(
            self,
            charged_on=today if charges else self.charged_on,
            done={**self.done, **{step.key: today for step in plan.to_do}},
            skipped=self.skipped | {step.key for step in plan.skipped},
        )


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The steps to carry out on a day, and those to skip permanently."""

    to_do: tuple[Step, ...] = ()
    skipped: tuple[Step, ...] = ()


def is_service_warning(policy: Policy, key: int) -> bool:
    """Return whether an email announces or confirms the loss of the service.

    That is the last email before the first step that stops the service, and every
    later one.

    >>> letters = Step(1, 3, Action.EMAIL), Step(2, 9, Action.EMAIL)
    >>> policy = Policy((*letters, Step(3, 15, Action.SUSPEND)))
    >>> is_service_warning(policy, 1), is_service_warning(policy, 2)
    (False, True)
    """
    stops = [number for number, step in enumerate(policy.steps) if step.stops_service]
    if not stops:
        return False
    before, after = policy.steps[: stops[0]], policy.steps[stops[0] :]
    last = [step for step in before if step.action is Action.EMAIL][-1:]
    return any(step.key == key for step in (*last, *after))


def steps_on(
    policy: Policy, case: Case, today: date, quiet: Container[date] = ()
) -> DayPlan:
    """Return the steps to carry out on a day, and those to skip permanently.

    A step of day n runs on the first run on or after due + n. Steps that the customer
    would notice are deferred on `quiet` days, charges on the day of another charge. Of
    overdue emails and charges only the latest runs. A charge ends the plan, since the
    steps after it depend on its outcome: ask again once that is known.

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
        if day <= today
        and not (today in quiet and step.action in DEFERRED_ON_QUIET_DAYS)
        and not (today == case.charged_on and step.action is Action.CHARGE)
    ]
    wanted = [step for step in due if case.applies_to(step, today)]
    last = {step.action: step for step in wanted}
    to_do = [
        step
        for step in wanted
        if step.action not in LATEST_ONLY or step is last[step.action]
    ]
    charge = next((step for step in to_do if step.action is Action.CHARGE), None)
    if charge:
        to_do = to_do[: to_do.index(charge) + 1]
        due = due[: due.index(charge) + 1]
    return DayPlan(tuple(to_do), tuple(step for step in due if step not in to_do))


def _open_steps(policy: Policy, case: Case, today: date) -> Iterator[tuple[Step, date]]:
    """Yield the remaining steps, each with its day.

    A step that stops the service is delayed by as many days as the last email before
    it, so that a late warning leaves the time that the policy grants. The steps
    after it keep their distance from it.
    """
    service_delay = warning_delay = NO_DELAY
    for step in policy.steps:
        if step.key in case.skipped:
            continue
        delay = service_delay
        if step.stops_service:
            delay = max(service_delay, warning_delay)
        planned = case.due + timedelta(days=step.day)
        on = case.done.get(step.key)
        if on is None:
            yield step, planned + delay
            on = max(planned + delay, today)
        if step.stops_service:
            service_delay = warning_delay = max(on - planned, NO_DELAY)
        elif step.action is Action.EMAIL and (step.key in case.done or step.day >= 0):
            warning_delay = on - planned


def next_step_day(
    policy: Policy, case: Case, today: date, quiet: Container[date] = ()
) -> date | None:
    """Return the first day from `today` on which a step is carried out or skipped.

    None when no step remains.

    >>> policy = Policy((Step(1, 3, Action.CHARGE), Step(2, 15, Action.SUSPEND)))
    >>> without_method = Case(due=date(2026, 7, 1))
    >>> str(next_step_day(policy, without_method, date(2026, 7, 1)))
    '2026-07-04'
    """
    day = today
    while left := list(_open_steps(policy, case, day)):
        if steps_on(policy, case, day, quiet) != DayPlan():
            return day
        day = max(day + ONE_DAY, min(on for _step, on in left))
    return None


def upcoming_steps(
    policy: Policy, case: Case, today: date, quiet: Container[date] = ()
) -> Iterator[tuple[Step, date]]:
    """Yield the steps from `today` on, each with its day, if the invoice stays unpaid.

    Each step is assumed to run on its day, and the payment method to stay as it is.

    >>> policy = Policy((Step(1, 3, Action.EMAIL), Step(2, 15, Action.SUSPEND)))
    >>> late = Case(due=date(2026, 6, 1))
    >>> for step, day in upcoming_steps(policy, late, date(2026, 7, 1)):
    ...     print(step.key, day)
    1 2026-07-01
    2 2026-07-13
    """
    day: date | None = today
    while (day := next_step_day(policy, case, day or today, quiet)) is not None:
        plan = steps_on(policy, case, day, quiet)
        yield from ((step, day) for step in plan.to_do)
        case = case.after(plan, day)
