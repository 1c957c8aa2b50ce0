"""Protected fields: only actions write them, each with a day and a place in history.

Each table maps fields to the sentence that says which action to use instead.
"""

from odoo import api
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from ..model_part import ModelPart
from .internal_write import is_internal_write, would_change

_lt = LazyTranslate(__name__)

BY_TERM = _lt(
    "The term of %(record)s is set by its plan and its renewals and cannot be edited; "
    "use Renew, or Cancel with its last day."
)
BY_REMINDER = _lt(
    "The reminders sent by %(record)s are recorded automatically; set their days on "
    "the plan."
)
BY_END = _lt(
    "The end of %(record)s cannot be edited once it has started; use Cancel, which "
    "asks for the last day, or Undo Cancellation."
)
BY_ORDER = _lt(
    "The order of %(record)s, and the start that it waits for, cannot be edited; use "
    "Activate to start it."
)
BY_LINK = _lt(
    "The link between successive lines is maintained by changes and cannot be edited; "
    "use Change or Schedule Changes."
)
BY_CHARGE = _lt(
    "The charged days and the category of a line are set by its plan and its changes "
    "and cannot be edited; use Change."
)
BY_COMPUTATION = _lt(
    "“%(field)s” of %(record)s is computed and cannot be edited; change the values "
    "that it is computed from instead."
)

SUBSCRIPTION_FIELDS = {
    "order_id": BY_ORDER,
    "starts_with": BY_ORDER,
    "state": _lt(
        "The state of %(record)s cannot be edited; use Activate, Pause or Cancel."
    ),
    "trial_end": _lt(
        "The trial of %(record)s is set by its plan and cannot be edited; use End "
        "Trial & Activate to end it today."
    ),
    "term_start": BY_TERM,
    "term_index": BY_TERM,
    "ends_by_expiry": _lt(
        "Whether %(record)s expires or is cancelled is set by its plan; use Renew or "
        "Cancel."
    ),
    "next_billing_date": _lt(
        "The next invoice of %(record)s cannot be edited; use Create Invoice to bill "
        "it earlier, or Pause to leave out days."
    ),
    "billing_error": _lt(
        "The billing error of %(record)s cannot be edited; correct its cause and use "
        "Create Invoice, which clears it."
    ),
    "suspended_since": _lt(
        "The suspension of %(record)s cannot be edited; use Suspend or Reactivate."
    ),
    "reminded_days": BY_REMINDER,
    "is_reminded_of_trial": BY_REMINDER,
}
"""Fields of every subscription, drafts included."""

STARTED_SUBSCRIPTION_FIELDS = {
    "partner_id": _lt(
        "%(record)s has started and keeps its customer; use Transfer, Merge or Align "
        "to move it to another customer."
    ),
    "plan_id": _lt(
        "%(record)s has started and keeps its plan; use Change to bill its products "
        "by another plan from a date."
    ),
    "currency_id": _lt(
        "%(record)s has started and keeps its currency; cancel it and create another "
        "subscription instead."
    ),
    "company_id": _lt(
        "%(record)s has started and keeps its company; cancel it and create another "
        "subscription there instead."
    ),
    "date_start": _lt(
        "%(record)s has started and keeps its start date; cancel it and create "
        "another subscription instead."
    ),
    "date_end": BY_END,
    "last_day": BY_END,
    "term_end": BY_TERM,
}
"""Fields that are free on drafts only."""

LINE_FIELDS = {
    "closed_until": _lt(
        "“Billed until” is computed from invoices and cannot be edited; to bill a "
        "period again, cancel its invoice."
    ),
    "series_id": BY_LINK,
    "origin_id": BY_LINK,
    "charged_from": BY_CHARGE,
    "charged_until": BY_CHARGE,
    "charged_end": BY_CHARGE,
    "category_path": BY_CHARGE,
}
"""Fields of every line, those of drafts included."""

PAUSE_RECORDS = _lt(
    "Pauses cannot be edited directly; use Pause or Resume, which record them in the "
    "history."
)
CHANGE_RECORDS = _lt(
    "The history of a subscription cannot be edited; use the buttons of the "
    "subscription."
)


class ProtectedFields(ModelPart):
    """Checks that a model calls first in its `create`, `write` and `unlink`."""

    _register = False

    @api.model
    def _protected_fields(self):
        """Return {field: sentence} of the fields protected on any record."""
        return {}

    def _fields_protected_once_started(self):
        """Return {field: sentence} of the fields protected on this record."""
        return {}

    @api.model
    def _is_written_by_action(self):
        """Return whether an action, or the server itself, writes."""
        return self.env.su or is_internal_write(self.env)

    @api.model
    def _check_protected_create(self, vals_list):
        """Refuse values of protected fields, given or by default."""
        if self._is_written_by_action():
            return
        sentences = self._protected_fields()
        default = self.default_get(list(sentences))
        for vals in vals_list:
            for name, sentence in sentences.items():
                value = vals.get(name, default.get(name)) or False
                if value and value != self._initial_value(name):
                    self._refuse(sentence)

    @api.model
    def _initial_value(self, name):
        """Return the default of a field, whatever the context asks for."""
        default = self._fields[name].default
        return default(self) if default else False

    def _check_protected_write(self, vals):
        """Refuse values that would change protected or computed fields."""
        if self._is_written_by_action():
            return
        computed = dict.fromkeys(filter(self._is_computed, vals), BY_COMPUTATION)
        for record in self:
            record._check_unchanged(
                computed
                | self._protected_fields()
                | record._fields_protected_once_started(),
                vals,
            )

    def _check_unchanged(self, sentences, vals):
        """Refuse values that would change some fields."""
        # The user may not see a field, and still needs the sentence.
        known = self.sudo()
        for name in sentences.keys() & vals.keys():
            if would_change(known, name, vals[name]):
                self._refuse(sentences[name], name)

    @api.model
    def _check_protected_records(self, sentence):
        """Refuse to create, edit or delete records of which actions keep account."""
        if not self._is_written_by_action():
            self._refuse(sentence)

    def _refuse(self, sentence, name=None):
        """Refuse with a sentence of the tables, in the user's language."""
        record = self[:1].display_name if self else self.env._("this record")
        field = self._fields[name]._description_string(self.env) if name else ""
        refusal = self.env._(sentence)
        raise UserError(refusal % {"record": record, "field": field})

    @api.model
    def _is_computed(self, name):
        """Return whether a field is stored as computed from others."""
        field = self._fields.get(name)
        return bool(field and field.store and field.compute and field.readonly)
