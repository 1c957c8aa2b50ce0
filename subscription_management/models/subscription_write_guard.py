"""What follows from what is done with a subscription, and is never written by hand."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from .noted_changes import is_noted
from .written_values import would_change

_lt = LazyTranslate(__name__)

BY_TERM = _lt(
    "The term of %(subscription)s follows from its plan and its renewals and is not "
    "written by hand; use the button Renew, or Cancel with its last day."
)
BY_REMINDER = _lt(
    "Which reminders %(subscription)s has sent is noted when they are sent; say on the "
    "plan when that is."
)
BY_END = _lt(
    "When the service of %(subscription)s ends is not written by hand once it has "
    "started; use the button Cancel, which asks for the last day, or Undo Cancellation."
)
BY_ORDER = _lt(
    "Which order %(subscription)s began with, and what it waits for, follows from that "
    "order; use the button Start to let it begin."
)
ALWAYS_FOLLOWS = {
    "order_id": BY_ORDER,
    "starts_with": BY_ORDER,
    "state": _lt(
        "The state of a subscription follows from what is done with it; use the "
        "buttons to start, pause or cancel it."
    ),
    "trial_end": _lt(
        "How long %(subscription)s is on trial follows from its plan; use the button "
        "Start to let it pay from today on."
    ),
    "term_start": BY_TERM,
    "term_index": BY_TERM,
    "ends_by_expiry": _lt(
        "Whether %(subscription)s expires or is cancelled follows from its plan; use "
        "the buttons Renew or Cancel."
    ),
    "next_billing_date": _lt(
        "When %(subscription)s is invoiced next follows from what it serves; use the "
        "button Bill Now to invoice it earlier, or Pause to leave days out."
    ),
    "billing_error": _lt(
        "Why %(subscription)s was not billed is noted by the billing; cure the reason "
        "and use the button Bill Now, which takes the note away."
    ),
    "suspended_since": _lt(
        "Since when %(subscription)s is suspended follows from the buttons Suspend and "
        "Restore; use these."
    ),
    "reminded_days": BY_REMINDER,
    "is_reminded_of_trial": BY_REMINDER,
}
"""What nobody writes by hand, not on drafts either, with what to do instead."""

KEPT_ONCE_STARTED = {
    "partner_id": _lt(
        "%(subscription)s has started and keeps its customer; use “Transfer, Merge or "
        "Align” to let another one go on with it from a day on."
    ),
    "plan_id": _lt(
        "%(subscription)s has started and keeps its plan; use the button Change to "
        "bill its products by another one from a day on."
    ),
    "currency_id": _lt(
        "%(subscription)s has started and keeps its currency; cancel it and make "
        "another one instead."
    ),
    "company_id": _lt(
        "%(subscription)s has started and keeps its company; cancel it and make "
        "another one there instead."
    ),
    "date_start": _lt(
        "%(subscription)s has started and keeps its start date; cancel it and make "
        "another one instead."
    ),
    "date_end": BY_END,
    "last_day": BY_END,
    "term_end": BY_TERM,
}
"""What people choose on a draft, and what to do instead once it has started."""


class SubscriptionWriteGuard(models.Model):
    _inherit = "subscription.subscription"

    @api.model_create_multi
    def create(self, vals_list):
        if not self._follows_by_itself():
            blank, given = {"state": "draft"}, self.default_get([*ALWAYS_FOLLOWS])
            for vals in vals_list:
                for name in ALWAYS_FOLLOWS:
                    value = vals.get(name, given.get(name)) or blank.get(name, False)
                    if value != blank.get(name, False):
                        self._refuse_to_write(ALWAYS_FOLLOWS[name])
        return super().create(vals_list)

    def write(self, vals):
        if not self._follows_by_itself():
            self._check_stays(ALWAYS_FOLLOWS, vals)
            started = self.filtered(lambda each: each.state != "draft")
            started._check_stays(KEPT_ONCE_STARTED, vals)
        return super().write(vals)

    def _follows_by_itself(self):
        """Tell whether what is written follows from an official change."""
        return self.env.su or is_noted(self.env)

    def _check_stays(self, sentences, vals):
        """Refuse to write by hand what would change one of some fields."""
        for name in sentences.keys() & vals.keys():
            for subscription in self:
                # Whoever may not see a field is told all the same what to do.
                if would_change(subscription.sudo(), name, vals[name]):
                    subscription._refuse_to_write(sentences[name])

    def _refuse_to_write(self, sentence):
        """Refuse with a sentence of the tables, in the user's language."""
        name = self.name or self.env._("A new subscription")
        said = self.env._(sentence)
        raise UserError(said % {"subscription": name})


class SubscriptionPauseWriteGuard(models.Model):
    _inherit = "subscription.pause"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_is_noted()
        return super().create(vals_list)

    def write(self, vals):
        self._check_is_noted()
        return super().write(vals)

    def unlink(self):
        self._check_is_noted()
        return super().unlink()

    def _check_is_noted(self):
        """Refuse days of rest that no change has agreed on."""
        if not self.env.su and not is_noted(self.env):
            raise UserError(
                self.env._(
                    "The days on which a subscription rests are not written by hand; "
                    "use its buttons Pause and Resume, which note them in its history."
                )
            )


class SubscriptionChangeWriteGuard(models.Model):
    _inherit = "subscription.change"

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and not is_noted(self.env):
            raise UserError(
                self.env._(
                    "The history of a subscription says what was done with it and is "
                    "not written by hand; use the subscription's buttons."
                )
            )
        return super().create(vals_list)
