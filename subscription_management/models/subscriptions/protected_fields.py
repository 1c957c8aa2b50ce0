"""Lines of what has started: changed with a day and a place in history, never typed."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from .internal_write import is_internal_write, would_change
from .line import AGREED_FIELDS, PRICED_FIELDS

STARTED_FIELDS = (
    PRICED_FIELDS
    | AGREED_FIELDS
    | {"date_end", "last_day", "charged_until", "charged_end", "subscription_id"}
)


"""What only a change may write once the subscription has started."""


LINKING_FIELDS = ("series_id", "origin_id")


"""What only a change may write, on drafts too: by these, lines are billed as one."""


CHARGED_FIELDS = ("charged_from", "charged_until", "charged_end", "category_path")


"""What only a change may write, on drafts too: no screen shows what it takes off."""


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


class SubscriptionAgreedLine(models.Model):
    _inherit = "subscription.line"

    @api.model_create_multi
    def create(self, vals_list):
        default = self.default_get([*LINKING_FIELDS, *CHARGED_FIELDS])
        given = {
            name
            for vals in vals_list
            for name, value in {**default, **vals}.items()
            if value
        }
        # Before a price is looked for, which those that go on with others have.
        self._check_follows(given)
        lines = super().create(vals_list)
        if lines.filtered("closed_until"):
            lines._check_billing_is_noted()
        lines._check_is_by_change()
        return lines

    def write(self, vals):
        if "closed_until" in vals:
            day = fields.Date.to_date(vals["closed_until"]) or False
            if self.filtered(lambda line: line.closed_until != day):
                self._check_billing_is_noted()
        self._check_follows(
            {
                name
                for name in vals.keys() & {*LINKING_FIELDS, *CHARGED_FIELDS}
                if any(would_change(line, name, vals[name]) for line in self)
            }
        )
        self._check_agreed_stays(vals)
        result = super().write(vals)
        if "subscription_id" in vals:
            self._check_is_by_change()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self._check_is_by_change()

    def _check_agreed_stays(self, vals):
        """Refuse to edit what was agreed once the subscription has started."""
        agreed = STARTED_FIELDS & vals.keys()
        for line in self if agreed else self.browse():
            if any(would_change(line, name, vals[name]) for name in agreed):
                line._check_is_by_change()

    def _check_billing_is_noted(self):
        """Refuse to write by hand until when a line is billed."""
        if not self.env.su and not is_internal_write(self.env):
            raise UserError(
                self.env._(
                    "Until when a product is billed follows from its invoices and is "
                    "not written by hand; cancel an invoice, and its days are billed "
                    "again."
                )
            )

    def _check_follows(self, names):
        """Refuse to write by hand what follows from changes."""
        if self.env.su or is_internal_write(self.env):
            return
        if names & {*LINKING_FIELDS}:
            raise UserError(
                self.env._(
                    "Which line goes on with which other follows from changes and is "
                    "not written by hand; use the buttons Change, or Agree on Later "
                    "Steps."
                )
            )
        if names & {*CHARGED_FIELDS}:
            raise UserError(
                self.env._(
                    "Which days of a product are charged, and of which category it "
                    "counts, follows from its plan and its changes and is not written "
                    "by hand; use the button Change."
                )
            )

    def _check_is_by_change(self):
        """Refuse what is no change of its own: it has no day, and no place in history.

        Official changes say that they note what they do.
        """
        if is_internal_write(self.env):
            return
        for subscription in self.subscription_id:
            if subscription.state != "draft":
                raise UserError(
                    self.env._(
                        "%s has started: its products are not edited in the list. Use "
                        "the button Change, which asks from which day on, and shows "
                        "what is invoiced.",
                        subscription.name,
                    )
                )


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
        return self.env.su or is_internal_write(self.env)

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
        if not self.env.su and not is_internal_write(self.env):
            raise UserError(
                self.env._(
                    "The days on which a subscription rests are not written by hand; "
                    "use its buttons Pause and Resume, which note them in its history."
                )
            )


class SubscriptionCountedFields(models.AbstractModel):
    _name = "subscription.counted.fields"
    _description = "Fields That Follow From Others"

    def write(self, vals):
        if not self.env.su and not is_internal_write(self.env):
            self._check_counted_stays(vals)
        return super().write(vals)

    def _check_counted_stays(self, vals):
        """Refuse values that say other than what is counted."""
        for name in filter(self._is_counted, vals):
            for record in self:
                if would_change(record, name, vals[name]):
                    raise UserError(
                        self.env._(
                            "“%(field)s” of %(record)s is counted from what was "
                            "agreed and is not written by hand; change that instead.",
                            field=self._fields[name]._description_string(self.env),
                            record=record.display_name,
                        )
                    )

    def _is_counted(self, name):
        """Tell whether a field is stored as it follows from others."""
        field = self._fields.get(name)
        return bool(field and field.store and field.compute and field.readonly)


class SubscriptionCounted(models.Model):
    _name = "subscription.subscription"
    _inherit = ["subscription.subscription", "subscription.counted.fields"]


class SubscriptionLineCounted(models.Model):
    _name = "subscription.line"
    _inherit = ["subscription.line", "subscription.counted.fields"]
