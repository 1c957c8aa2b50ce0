from odoo.fields import Domain
from odoo.tools import SQL

from ...billing_core.lifecycle import BILLED
from ..model_part import ModelPart

SLICE_SIZE = 50
"""Small enough that other postings of the journal wait only briefly for a number."""


class SubscriptionBillingSelection(ModelPart):
    """Selection and locking of the subscriptions of a slice."""

    _register = False

    def _count_due(self):
        return self.env["subscription.subscription"].search_count(self._due_domain())

    def _due_domain(self):
        """Return the domain of the due subscriptions that the run has not handled."""
        self.ensure_one()
        domain = (
            Domain("company_id", "in", self.company_ids.ids)
            & Domain("state", "in", BILLED)
            & Domain("next_billing_date", "<=", self.target_date)
        )
        if self.is_dry_run:
            return domain & Domain("id", ">", self.dry_run_cursor)
        if self.id:
            failed = self.env["subscription.billing.failure"]._search(
                [("run_id", "=", self.id), ("is_retried", "=", False)]
            )
            domain &= Domain("id", "not in", failed.subselect("subscription_id"))
        return domain

    def _select_due(self):
        """Return the next due subscriptions, locked until the transaction ends.

        Rows locked by another worker are skipped. Subscriptions with a billing error
        come last, one at a time, so that they do not slow the others.
        """
        due = self._due_domain()
        subscriptions = self.env["subscription.subscription"]
        if self.is_dry_run:
            return subscriptions.search(due, order="id", limit=SLICE_SIZE)
        led = due & self._leads_shared_invoice()
        healthy = Domain("billing_error", "=", False)
        leaders = self._lock(led & healthy, SLICE_SIZE) or self._lock(led & ~healthy, 1)
        return leaders | self._lock_followers(due, leaders)

    def _leads_shared_invoice(self):
        """Return the domain of the first due subscription of each shared invoice.

        Workers compete for the first one only and lock the others after it, so that two
        workers never split a shared invoice.
        """

        def to_sql(model, alias, _query):
            return SQL(
                """(
                    NOT %(table)s.shares_invoices OR NOT EXISTS (
                        SELECT FROM subscription_subscription earlier
                         WHERE earlier.shares_invoices
                           AND earlier.partner_invoice_id =
                               %(table)s.partner_invoice_id
                           AND earlier.company_id = %(table)s.company_id
                           AND earlier.state IN %(states)s
                           AND earlier.next_billing_date <= %(target)s
                           AND earlier.billing_error IS NULL
                           AND earlier.id < %(table)s.id
                    )
                )""",
                table=SQL.identifier(alias),
                states=tuple(BILLED),
                target=self.target_date,
            )

        return Domain.custom(to_sql=to_sql)

    def _lock_followers(self, due, leaders):
        sharing = leaders.filtered("shares_invoices")
        if not sharing:
            return leaders.browse()
        return self._lock(
            due
            & Domain("shares_invoices", "=", True)
            & Domain("billing_error", "=", False)
            & Domain("partner_invoice_id", "in", sharing.partner_invoice_id.ids)
            & Domain("company_id", "in", sharing.company_id.ids)
            & Domain("id", "not in", leaders.ids)
        )

    def _lock(self, domain, limit=None):
        """Return matching subscriptions in due order, locked, skipping held ones."""
        subscriptions = self.env["subscription.subscription"]
        query = subscriptions._search(
            domain, order="next_billing_date, id", limit=limit
        )
        found = self.env.execute_query(
            SQL("%s FOR NO KEY UPDATE SKIP LOCKED", query.select())
        )
        return subscriptions.browse(row_id for (row_id,) in found)
