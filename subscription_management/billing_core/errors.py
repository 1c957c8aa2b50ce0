"""The errors of the billing core: one class per reason, one sentence per code.

The class and its fields are for programs. The sentence is for users: it names the
values and ends with the next action. Other layers translate it by its code and format
its values, so that dates, numbers and plurals follow the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar


def _lt(sentence: str) -> str:
    """Mark a sentence for the export of translations, and return it unchanged."""
    return sentence


SENTENCES: dict[str, str] = {
    "empty_period": _lt(
        "A period from %(start)s must end after that day, not on %(end)s; "
        "set a later end date."
    ),
    "invalid_interval": _lt(
        "A billing interval of %(count)s is not possible; use 1 or more."
    ),
    "unalignable_interval": _lt(
        "Periods of %(interval)s cannot be aligned to %(anchor)s; bill from the start "
        "date, or choose an interval that fits."
    ),
    "invalid_anchor_day": _lt(
        "The billing day %(day)s is not a day of the month; use 1 to 31, where 31 "
        "means the last day."
    ),
    "invalid_cut_off": _lt("The number of cut-off days is %(days)s; use 0 or more."),
    "invalid_minor_unit": _lt(
        "The smallest amount of %(currency)s is %(minor_unit)s; set it above zero."
    ),
    "negative_quantity": _lt(
        "The quantity %(quantity)s is negative; use 0 or more, and a change to remove "
        "units."
    ),
    "no_tiers": _lt("A tiered price has no tier; add at least one."),
    "tier_out_of_order": _lt(
        "Tier %(row)s ends at %(up_to)s, which is not above %(before)s; let each tier "
        "end above the previous one."
    ),
    "tier_after_unlimited": _lt(
        "Tier %(row)s follows a tier without an upper limit; set that limit, or remove "
        "the tiers after it."
    ),
    "quantity_beyond_tiers": _lt(
        "The quantity %(quantity)s has no price: the last tier ends at %(up_to)s; add "
        "a tier without an upper limit, or lower the quantity."
    ),
    "invalid_package_size": _lt(
        "A package size of %(size)s is not possible; use more than 0."
    ),
    "price_model_mismatch": _lt(
        "A price by “%(agreed)s” needs a pricing rule of that price model on the plan, "
        "not “%(found)s”; choose the product again to use the current price."
    ),
    "floor_above_cap": _lt(
        "The minimum %(floor)s is above the maximum %(cap)s; lower the minimum or "
        "raise the maximum."
    ),
    "invalid_discount": _lt(
        "A discount of %(percent)s %% and %(fixed)s is not possible; use 0 to 100 %% "
        "and an amount of 0 or more."
    ),
    "transition_not_allowed": _lt(
        "A subscription that is %(current)s cannot become %(wanted)s; from here it can "
        "become %(following)s."
    ),
    "circular_percent_base": _lt(
        "%(names)s are percentages of each other's price; remove one of them from the "
        "base of another."
    ),
    "nothing_to_change": _lt(
        "No line to change is served on %(day)s or later; choose an earlier day, or "
        "add a product."
    ),
    "invalid_index": _lt(
        "An index cannot change from %(before)s to %(now)s; enter values above zero."
    ),
    "invalid_scale": _lt(
        "The best and the worst value are both %(number)s; enter two different values."
    ),
    "no_dunning_step": _lt("A dunning policy has no step; add at least one."),
    "step_before_due_date": _lt(
        "The step “%(action)s” cannot run on day %(day)s, before the due date; use day "
        "0 or later, or send an email."
    ),
    "step_twice_on_one_day": _lt(
        "Day %(day)s has the step “%(action)s” twice; move one of them to another day."
    ),
    "suspension_after_cancellation": _lt(
        "The suspension on day %(day)s is after the cancellation on day "
        "%(cancel_day)s; move it to an earlier day."
    ),
    "cancelled_twice": _lt(
        "The subscription is already cancelled on day %(cancel_day)s; remove the "
        "cancellation on day %(day)s."
    ),
    # Internal errors are logged and never shown, so they are not translated.
    "no_allocation_weight": (
        "An amount cannot be allocated to the weights %(weights)s; at least one must "
        "be above zero, and none below it."
    ),
    "unknown_line": "A billed period belongs to line %(line)s, which is not planned.",
    "series_on_two_calendars": (
        "The series of line %(line)s has lines with different billing calendars."
    ),
    "usage_in_advance": (
        "Usage line %(line)s has a calendar in advance instead of in arrears."
    ),
}
"""The sentence of each code; its placeholders are the `values` of the error."""


class Term(str):
    """A word of a sentence that is translated before it is inserted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """A number with its unit in the singular or the plural.

    >>> days = ("%s day", "%s days")
    >>> str(Counted(1, *days)), str(Counted(2, *days))
    ('1 day', '2 days')
    """

    number: int
    one: str
    many: str

    @property
    def form(self) -> str:
        """The form for the number, with a placeholder for it."""
        return self.one if self.number == 1 else self.many

    def __str__(self) -> str:
        return self.form % self.number


_UNITS = {
    "day": (_lt("%s day"), _lt("%s days")),
    "week": (_lt("%s week"), _lt("%s weeks")),
}
"""The units that some anchors cannot align, in the singular and the plural."""

_ANCHORS = {
    "day_of_month": Term(_lt("a day of the month")),
    "calendar": Term(_lt("the calendar")),
}

_NO_STATE = Term(_lt("no other state"))


class BillingError(ValueError):
    """Base of all errors of the billing core.

    >>> raise InvalidCutOff(-1)
    Traceback (most recent call last):
    ...
    billing_core.errors.InvalidCutOff: The number of cut-off days is -1; use 0 or more.
    """

    code: ClassVar[str]

    def values(self) -> dict[str, object]:
        """Return the values of the sentence by placeholder."""
        return dict(vars(self))

    def __str__(self) -> str:
        values = {name: _shown(value) for name, value in self.values().items()}
        return SENTENCES[self.code] % values


class InternalError(BillingError):
    """A violated invariant: a fault of the program, which no user can correct."""


def _shown(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, tuple):
        return ", ".join(_shown(each) for each in value)
    return str(value)


@dataclass(eq=False)
class EmptyPeriod(BillingError):
    """A period holds at least one day."""

    code = "empty_period"
    start: date
    end: date


@dataclass(eq=False)
class InvalidInterval(BillingError):
    """An interval counts whole units, at least one."""

    code = "invalid_interval"
    count: int


@dataclass(eq=False)
class UnalignableInterval(BillingError):
    """The anchor cannot align periods of this length."""

    code = "unalignable_interval"
    anchor: str
    length: int
    unit: str

    def values(self) -> dict[str, object]:
        return {
            "anchor": _ANCHORS.get(self.anchor, self.anchor),
            "interval": Counted(self.length, *_UNITS[self.unit]),
        }


@dataclass(eq=False)
class InvalidAnchorDay(BillingError):
    """A billing day lies between 1 and 31."""

    code = "invalid_anchor_day"
    day: int | None


@dataclass(eq=False)
class InvalidCutOff(BillingError):
    """Cut-off days are counted from zero."""

    code = "invalid_cut_off"
    days: int


@dataclass(eq=False)
class InvalidMinorUnit(BillingError):
    """A currency's smallest amount is above zero."""

    code = "invalid_minor_unit"
    currency: str
    minor_unit: Decimal


@dataclass(eq=False)
class NoAllocationWeight(InternalError):
    """An amount is only allocated to weights with a positive sum."""

    code = "no_allocation_weight"
    weights: tuple[Decimal, ...]


@dataclass(eq=False)
class NegativeQuantity(BillingError):
    """A quantity is zero or more; removing units is a change, not a price."""

    code = "negative_quantity"
    quantity: Decimal


@dataclass(eq=False)
class NoTiers(BillingError):
    """A tiered price has at least one tier."""

    code = "no_tiers"


@dataclass(eq=False)
class TierOutOfOrder(BillingError):
    """Each tier ends above the previous one."""

    code = "tier_out_of_order"
    row: int
    up_to: Decimal
    before: Decimal


@dataclass(eq=False)
class TierAfterUnlimited(BillingError):
    """No tier follows one without an upper limit."""

    code = "tier_after_unlimited"
    row: int


@dataclass(eq=False)
class QuantityBeyondTiers(BillingError):
    """No tier holds the quantity."""

    code = "quantity_beyond_tiers"
    quantity: Decimal
    up_to: Decimal


@dataclass(eq=False)
class InvalidPackageSize(BillingError):
    """A package holds more than zero units."""

    code = "invalid_package_size"
    size: Decimal


@dataclass(eq=False)
class PriceModelMismatch(BillingError):
    """A price was agreed by one price model, and its rule has another one or none."""

    code = "price_model_mismatch"
    agreed: str
    found: str


@dataclass(eq=False)
class FloorAboveCap(BillingError):
    """A minimum is not above its maximum."""

    code = "floor_above_cap"
    floor: Decimal
    cap: Decimal


@dataclass(eq=False)
class InvalidDiscount(BillingError):
    """A discount is a percentage up to 100, an amount, or both."""

    code = "invalid_discount"
    percent: Decimal
    fixed: Decimal


@dataclass(eq=False)
class UnknownLine(InternalError):
    """A plan is given every line of its billed periods."""

    code = "unknown_line"
    line: object


@dataclass(eq=False)
class TransitionNotAllowed(BillingError):
    """The lifecycle has no transition from one state to the other."""

    code = "transition_not_allowed"
    current: str
    wanted: str
    allowed: tuple[str, ...]

    def values(self) -> dict[str, object]:
        return {**vars(self), "following": self.allowed or _NO_STATE}


@dataclass(eq=False)
class SeriesOnTwoCalendars(InternalError):
    """All lines of a series have the same calendar."""

    code = "series_on_two_calendars"
    line: int


@dataclass(eq=False)
class UsageInAdvance(InternalError):
    """Usage is billed in arrears."""

    code = "usage_in_advance"
    line: int


@dataclass(eq=False)
class CircularPercentBase(BillingError):
    """Percent-of-total lines are, through others, percentages of themselves."""

    code = "circular_percent_base"
    lines: tuple[object, ...]

    def values(self) -> dict[str, object]:
        return {"names": self.lines}


@dataclass(eq=False)
class NothingToChange(BillingError):
    """No line is served from the day on which a change takes effect."""

    code = "nothing_to_change"
    day: date


@dataclass(eq=False)
class InvalidIndex(BillingError):
    """An index value is above zero."""

    code = "invalid_index"
    before: Decimal
    now: Decimal


@dataclass(eq=False)
class InvalidScale(BillingError):
    """The best and the worst value of a scale differ."""

    code = "invalid_scale"
    number: Decimal


@dataclass(eq=False)
class NoDunningStep(BillingError):
    """A dunning policy has at least one step."""

    code = "no_dunning_step"


@dataclass(eq=False)
class StepBeforeDueDate(BillingError):
    """Only reminders are planned before the due date."""

    code = "step_before_due_date"
    action: str
    day: int


@dataclass(eq=False)
class StepTwiceOnOneDay(BillingError):
    """A day has each step once."""

    code = "step_twice_on_one_day"
    action: str
    day: int


@dataclass(eq=False)
class SuspensionAfterCancellation(BillingError):
    """A cancelled subscription cannot be suspended."""

    code = "suspension_after_cancellation"
    day: int
    cancel_day: int


@dataclass(eq=False)
class CancelledTwice(BillingError):
    """A policy cancels once."""

    code = "cancelled_twice"
    day: int
    cancel_day: int
