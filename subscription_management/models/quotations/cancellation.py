"""Quotations of a cancellation: the customer agrees to the end of the service."""

from odoo.fields import Command

from .change import ChangeQuotation


class CancellationQuotation(ChangeQuotation):
    """A change that removes all lines from a day; nothing can join it."""

    def policy(self):
        return None

    def plan_change(self, listed=()):
        return self.subscription._plan_cancellation(self.start_date()), {}

    def joining_lines(self):
        """Return no line: the order itself invoices a fee of the cancellation."""
        return self.order.order_line.browse()

    def update_affected_shares(self):
        """Add no line: all lines are quoted."""

    def _start_date_reason(self):
        """Return False: a cancellation may have an earlier date."""
        return False

    def mismatch_reason(self):
        starting = self.order.order_line.filtered(lambda line: line._is_sold_on_plan())
        if starting:
            return self.env._(
                "A cancellation cannot start a service: remove %s from the quotation, "
                "or sell it on a quotation of its own.",
                ", ".join(starting.product_id.mapped("display_name")),
            )
        return super().mismatch_reason()

    def rebuild_lines(self):
        self.order.order_line.unlink()
        self.add_removed_lines()

    def add_removed_lines(self):
        """Add a line for each product that is served on the day of the end."""
        lines = self.subscription._lines_to_change(self.start_date())
        self.order.order_line = [
            Command.create(line._prepare_quoted_removal())
            for line in lines.with_context(lang=self.order._get_lang())
        ]

    def make_change(self):
        self.subscription._end_on(
            self.start_date(),
            self.history_reason(),
            because=self.order.managed_cancellation_reason_id,
        )
        return self.subscription._latest_agreed_change()

    def undo_change(self, change):
        self.subscription.action_undo_cancellation()
