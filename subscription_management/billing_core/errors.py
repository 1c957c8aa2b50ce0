"""Reasons for which the core refuses to answer.

One class per reason. The class tells a program what went wrong; the message
tells a person which value it was and what to do next. The models translate
them by class, so the values travel as attributes and not only inside the text.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal


class BillingError(ValueError):
    """Base of everything that the billing core refuses."""


class EmptyPeriod(BillingError):
    """A period must hold at least one day."""

    def __init__(self, start: date, end: date) -> None:
        self.start = start
        self.end = end
        super().__init__(
            f"A period from {start} must end after that day, not on {end}; "
            "set a later end date."
        )


class InvalidInterval(BillingError):
    """An interval counts whole units, at least one."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            f"A billing interval of {count} is not possible; use 1 or more."
        )


class UnalignableInterval(BillingError):
    """The anchor cannot align periods of this length."""

    def __init__(self, anchor: str, interval: str) -> None:
        self.anchor = anchor
        self.interval = interval
        super().__init__(
            f"Periods of {interval} cannot be aligned by {anchor}; "
            "bill from the start date, or choose an interval that fits."
        )


class InvalidAnchorDay(BillingError):
    """A day of the month lies between 1 and 31."""

    def __init__(self, day: int | None) -> None:
        self.day = day
        super().__init__(
            f"The billing day {day} is not a day of the month; use 1 to 31, "
            "where 31 means the last day."
        )


class InvalidCutOff(BillingError):
    """Cut-off days are counted from zero."""

    def __init__(self, days: int) -> None:
        self.days = days
        super().__init__(f"{days} cut-off days are not possible; use 0 or more.")


class InvalidMinorUnit(BillingError):
    """A currency's smallest amount is above zero."""

    def __init__(self, code: str, minor_unit: Decimal) -> None:
        self.code = code
        self.minor_unit = minor_unit
        super().__init__(
            f"The smallest amount of {code} is {minor_unit}; it must be above zero."
        )


class NoAllocationWeight(BillingError):
    """An amount can only be split over weights whose sum is above zero."""

    def __init__(self, weights: tuple[Decimal, ...]) -> None:
        self.weights = weights
        super().__init__(
            "An amount cannot be split over parts without weight; "
            "give weights of zero or more, at least one of them above zero."
        )


class NegativeQuantity(BillingError):
    """A quantity is zero or more; taking away is a change, not a price."""

    def __init__(self, quantity: Decimal) -> None:
        self.quantity = quantity
        super().__init__(
            f"The quantity {quantity} is below zero; use 0 or more, and a change "
            "to take units away."
        )


class NoTiers(BillingError):
    """A tiered price has at least one tier."""

    def __init__(self) -> None:
        super().__init__("A price by tiers has no tier; add at least one.")


class TierOutOfOrder(BillingError):
    """Each tier ends above the one before."""

    def __init__(self, row: int, up_to: Decimal, before: Decimal) -> None:
        self.row = row
        self.up_to = up_to
        self.before = before
        super().__init__(
            f"Tier {row} ends at {up_to}, which is not above {before}; "
            "let each tier end above the one before."
        )


class TierAfterUnlimited(BillingError):
    """Nothing follows a tier without end."""

    def __init__(self, row: int) -> None:
        self.row = row
        super().__init__(
            f"Tier {row} follows a tier without end; "
            "give that one an end, or remove what follows it."
        )


class QuantityBeyondTiers(BillingError):
    """No tier holds the quantity."""

    def __init__(self, quantity: Decimal, up_to: Decimal) -> None:
        self.quantity = quantity
        self.up_to = up_to
        super().__init__(
            f"The quantity {quantity} has no price: the last tier ends at {up_to}; "
            "add a tier without end, or lower the quantity."
        )


class InvalidPackageSize(BillingError):
    """A package holds something."""

    def __init__(self, size: Decimal) -> None:
        self.size = size
        super().__init__(f"A package of {size} units is not possible; use more than 0.")


class PriceModelMismatch(BillingError):
    """A price is agreed by one model, and its rule counts by another, or by none."""

    def __init__(self, agreed: str, found: str) -> None:
        self.agreed = agreed
        self.found = found
        super().__init__(
            f"A price by {agreed} needs a price of that kind on the plan, and finds "
            f"{found}; choose the product again to take the price of today."
        )


class FloorAboveCap(BillingError):
    """The least price lies below the greatest."""

    def __init__(self, floor: Decimal, cap: Decimal) -> None:
        self.floor = floor
        self.cap = cap
        super().__init__(
            f"The minimum {floor} is above the maximum {cap}; "
            "lower the minimum or raise the maximum."
        )


class InvalidDiscount(BillingError):
    """A discount takes off a share of the price, or an amount."""

    def __init__(self, percent: Decimal, fixed: Decimal) -> None:
        self.percent = percent
        self.fixed = fixed
        super().__init__(
            f"A discount of {percent} % and {fixed} is not possible; "
            "use 0 to 100 % and an amount of 0 or more."
        )


class UnknownLine(BillingError):
    """A billed period belongs to a line that the plan was not given."""

    def __init__(self, line: object) -> None:
        self.line = line
        super().__init__(
            f"Something was billed for line {line}, which is not on the "
            "subscription; give the plan every line that was ever billed."
        )


class TransitionNotAllowed(BillingError):
    """The lifecycle has no way from one state to the other."""

    def __init__(self, current: str, wanted: str, allowed: tuple[str, ...]) -> None:
        self.current = current
        self.wanted = wanted
        self.allowed = allowed
        ways = ", ".join(allowed) or "no other state"
        super().__init__(
            f"A subscription that is {current} cannot become {wanted}; "
            f"from here it can become {ways}."
        )


class SeriesOnTwoCalendars(BillingError):
    """Lines that are billed as one have the same periods."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(
            f"The lines that continue line {line} have other billing periods; "
            "let a line of other periods begin a series of its own."
        )


class UsageInAdvance(BillingError):
    """What is used is known, and billed, after its period."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(
            f"Line {line} is priced by usage, which is billed after its period; "
            "bill it in arrears."
        )


class CircularPercentBase(BillingError):
    """A percent-of-total line is, over others, a share of its own price."""

    def __init__(self, lines: tuple[object, ...]) -> None:
        self.lines = lines
        self.names = ", ".join(str(line) for line in lines)
        super().__init__(
            f"{self.names} are shares of each other's price; "
            "take one of them out of the base of another."
        )


class NothingToChange(BillingError):
    """Nothing is served from the day on which a change shall take effect."""

    def __init__(self, day: date) -> None:
        self.day = day
        super().__init__(
            f"Nothing is served on {day} or later that could be changed; "
            "choose an earlier day, or add a product."
        )


class InvalidIndex(BillingError):
    """An index is a number above zero."""

    def __init__(self, before: Decimal, now: Decimal) -> None:
        self.before = before
        self.now = now
        super().__init__(
            f"An index cannot go from {before} to {now}; enter values above zero."
        )


class InvalidScale(BillingError):
    """A scale has all marks and none at the same number."""

    def __init__(self, number: Decimal) -> None:
        self.number = number
        super().__init__(
            f"All marks and none cannot both be given at {number}; "
            "enter two numbers that differ."
        )


class NoDunningStep(BillingError):
    """A policy does something."""

    def __init__(self) -> None:
        super().__init__("A policy without a step chases nobody; add at least one.")


class StepBeforeDueDate(BillingError):
    """Before the due date people are only reminded."""

    def __init__(self, action: str, day: int) -> None:
        self.action = action
        self.day = day
        super().__init__(
            f"On day {day} nothing is due yet, so the step {action} cannot come then; "
            "use 0 or more, or an e-mail."
        )


class StepTwiceOnOneDay(BillingError):
    """A day has each step once."""

    def __init__(self, action: str, day: int) -> None:
        self.action = action
        self.day = day
        super().__init__(
            f"Day {day} has the step {action} twice; move one of them to another day."
        )


class SuspensionAfterCancellation(BillingError):
    """What is cancelled cannot be suspended."""

    def __init__(self, day: int, cancel_day: int) -> None:
        self.day = day
        self.cancel_day = cancel_day
        super().__init__(
            f"Nothing is left to suspend on day {day}: the subscription is cancelled "
            f"on day {cancel_day}; let it be suspended before."
        )


class CancelledTwice(BillingError):
    """What is cancelled is not cancelled again."""

    def __init__(self, day: int, cancel_day: int) -> None:
        self.day = day
        self.cancel_day = cancel_day
        super().__init__(
            f"The subscription is cancelled on day {cancel_day} already; remove the "
            f"step of day {day}."
        )
