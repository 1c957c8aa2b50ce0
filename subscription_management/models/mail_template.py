"""Letters to customers: the host's templates, in a layout that fits a telephone."""

from odoo import models

LETTER_LAYOUT = "subscription_management.letter_layout"


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _send_letter(self, record, **values):
        """Put a letter about a record into the host's queue and return its mail.

        Args:
            record: what it is about, of the template's model.
            values: of the mail, in place of those that the template gives.
        """
        self.ensure_one()
        mail = self.send_mail(
            record.id, email_layout_xmlid=LETTER_LAYOUT, email_values=values
        )
        return self.env["mail.mail"].sudo().browse(mail)
