"""The core's refusals in the user's language."""

from odoo.tools import LazyTranslate

from ..billing_core import errors

_lt = LazyTranslate(__name__)

SENTENCES = {
    errors.EmptyPeriod: _lt(
        "A period from %(start)s must end after that day, not on %(end)s; "
        "set a later end date."
    ),
    errors.InvalidInterval: _lt(
        "A billing interval of %(count)s is not possible; use 1 or more."
    ),
    errors.UnalignableInterval: _lt(
        "Periods of %(interval)s cannot be aligned by %(anchor)s; bill from the "
        "start date, or choose an interval that fits."
    ),
    errors.InvalidAnchorDay: _lt(
        "The billing day %(day)s is not a day of the month; use 1 to 31, where 31 "
        "means the last day."
    ),
    errors.InvalidCutOff: _lt("%(days)s cut-off days are not possible; use 0 or more."),
    errors.InvalidMinorUnit: _lt(
        "The smallest amount of %(code)s is %(minor_unit)s; it must be above zero."
    ),
    errors.NoAllocationWeight: _lt(
        "An amount cannot be split over parts without weight; give weights of zero "
        "or more, at least one of them above zero."
    ),
    errors.NegativeQuantity: _lt(
        "The quantity %(quantity)s is below zero; use 0 or more, and a change to "
        "take units away."
    ),
    errors.NoTiers: _lt("A price by tiers has no tier; add at least one."),
    errors.TierOutOfOrder: _lt(
        "Tier %(row)s ends at %(up_to)s, which is not above %(before)s; let each tier "
        "end above the one before."
    ),
    errors.TierAfterUnlimited: _lt(
        "Tier %(row)s follows a tier without end; give that one an end, or remove "
        "what follows it."
    ),
    errors.QuantityBeyondTiers: _lt(
        "The quantity %(quantity)s has no price: the last tier ends at %(up_to)s; add "
        "a tier without end, or lower the quantity."
    ),
    errors.InvalidPackageSize: _lt(
        "A package of %(size)s units is not possible; use more than 0."
    ),
    errors.PriceModelMismatch: _lt(
        "A price by “%(agreed)s” needs a price of that kind on the plan, and finds "
        "“%(found)s”; choose the product again to take the price of today."
    ),
    errors.FloorAboveCap: _lt(
        "The minimum %(floor)s is above the maximum %(cap)s; lower the minimum or "
        "raise the maximum."
    ),
    errors.InvalidDiscount: _lt(
        "A discount of %(percent)s %% and %(fixed)s is not possible; use 0 to 100 %% "
        "and an amount of 0 or more."
    ),
    errors.UnknownLine: _lt(
        "Something was billed for line %(line)s, which is not on the subscription; "
        "give the plan every line that was ever billed."
    ),
    errors.SeriesOnTwoCalendars: _lt(
        "The lines that continue line %(line)s have other billing periods; let a line "
        "of other periods begin a series of its own."
    ),
    errors.UsageInAdvance: _lt(
        "Line %(line)s is priced by usage, which is billed after its period; bill it "
        "in arrears."
    ),
    errors.CircularPercentBase: _lt(
        "%(names)s are shares of each other's price; take one of them out of the base "
        "of another."
    ),
    errors.NothingToChange: _lt(
        "Nothing is served on %(day)s or later that could be changed; choose an "
        "earlier day, or add a product."
    ),
    errors.InvalidIndex: _lt(
        "An index cannot go from %(before)s to %(now)s; enter values above zero."
    ),
    errors.NoDunningStep: _lt(
        "A policy without a step chases nobody; add at least one."
    ),
    errors.StepBeforeDueDate: _lt(
        "On day %(day)s nothing is due yet, so the step “%(action)s” cannot come then; "
        "use 0 or more, or an e-mail."
    ),
    errors.StepTwiceOnOneDay: _lt(
        "Day %(day)s has the step “%(action)s” twice; move one of them to another day."
    ),
    errors.SuspensionAfterCancellation: _lt(
        "Nothing is left to suspend on day %(day)s: the subscription is cancelled on "
        "day %(cancel_day)s; let it be suspended before."
    ),
    errors.CancelledTwice: _lt(
        "The subscription is cancelled on day %(cancel_day)s already; remove the step "
        "of day %(day)s."
    ),
    errors.InvalidScale: _lt(
        "All marks and none cannot both be given at %(number)s; enter two numbers that "
        "differ."
    ),
    errors.TransitionNotAllowed: _lt(
        "A subscription that is %(current)s cannot become %(wanted)s."
    ),
}
"""One sentence for each class; its placeholders are the error's attributes."""


def translated(env, error):
    """Return what a `BillingError` says, in the language of `env`."""
    sentence = env._(SENTENCES[type(error)])
    return sentence % vars(error)
