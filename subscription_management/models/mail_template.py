"""Letters to customers: the host's templates in a responsive layout."""

from odoo import models

LETTER_LAYOUT = "subscription_management.letter_layout"


def root_cause(error):
    """Return the first error of a chain in one line; the host wraps it repeatedly."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error).strip().split("\n")[0]


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def _send_letter(self, record, **values):
        """Queue a letter about a record of the template's model; return its mail.

        `values` replace those that the template gives the mail.
        """
        self.ensure_one()
        mail = self.send_mail(
            record.id, email_layout_xmlid=LETTER_LAYOUT, email_values=values
        )
        return self.env["mail.mail"].sudo().browse(mail)
