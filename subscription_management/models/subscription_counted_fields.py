"""What is counted from other fields, like the monthly revenue, is written by nobody.

The host counts anew what is given to a new record, and stores what is written later.
"""

from odoo import models
from odoo.exceptions import UserError

from .noted_changes import is_noted
from .written_values import would_change


class SubscriptionCountedFields(models.AbstractModel):
    _name = "subscription.counted.fields"
    _description = "Fields That Follow From Others"

    def write(self, vals):
        if not self.env.su and not is_noted(self.env):
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
