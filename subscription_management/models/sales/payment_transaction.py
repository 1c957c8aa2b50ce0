"""Online payments of orders settle the invoices of their subscriptions."""

from odoo.fields import Command

from ..model_part import ModelPart

PAID_BY_CUSTOMER = ("done", "authorized")


class PaymentTransactionOrders(ModelPart):
    _register = False

    def _check_amount_and_confirm_order(self):
        """Link the first invoices of the order's subscriptions to its payment."""
        confirmed = super()._check_amount_and_confirm_order()
        for transaction in self.filtered(lambda each: each.state in PAID_BY_CUSTOMER):
            transaction._link_first_invoices()
        return confirmed

    def _invoice_sale_orders(self):
        """Invoice no down payment for lines that a subscription bills."""
        recurring = self.filtered(
            lambda each: each.sudo().sale_order_ids._served_subscriptions()
        )
        result = super(
            PaymentTransactionOrders, self - recurring
        )._invoice_sale_orders()
        for transaction in recurring:
            orders = transaction.with_company(transaction.company_id).sale_order_ids
            orders._force_lines_to_invoice_policy_order()
            invoices = orders.with_context(
                raise_if_nothing_to_invoice=False
            )._create_invoices(final=True)
            for invoice in invoices:
                # As the host does: the portal shows the invoice at the same time.
                invoice._portal_ensure_token()
            transaction.invoice_ids = [Command.link(move.id) for move in invoices]
        return result

    def _link_first_invoices(self):
        """Link the payment to the subscription invoices of its orders."""
        self.ensure_one()
        orders = self.sudo().sale_order_ids
        invoices = orders.managed_started_ids.invoice_ids | orders.managed_move_ids
        moves = invoices.filtered(lambda move: move.move_type == "out_invoice")
        self.invoice_ids = [Command.link(move.id) for move in moves]

    def _link_later_invoices(self, invoices):
        """Link pending payments with an unused amount to later invoices."""
        for transaction in self.filtered(lambda each: each._is_pending()):
            for invoice in invoices - transaction.invoice_ids:
                paid = sum(transaction.invoice_ids.mapped("amount_total"))
                if (
                    transaction.currency_id.compare_amounts(transaction.amount, paid)
                    > 0
                ):
                    transaction.invoice_ids = [Command.link(invoice.id)]


class AccountMovePrepayments(ModelPart):
    _register = False

    def _settle_by_prepayments(self):
        """Settle later invoices with the unused payments of an order."""
        posted = self.filtered(lambda move: move.state == "posted")
        rows = posted.sudo().managed_billed_period_ids
        for subscription, own in rows.grouped("subscription_id").items():
            orders = subscription.order_id | subscription.quotation_ids
            payments = orders.transaction_ids
            payments._link_later_invoices(
                own.move_id.filtered(lambda move: move.move_type == "out_invoice")
            )
            captured = payments | payments.child_transaction_ids
            credits = captured.filtered(
                lambda each: each.state == "done"
            ).payment_id.move_id.line_ids
            for invoice in own.move_id if credits else ():
                open_items = (credits | invoice.line_ids).filtered(
                    lambda line: (
                        line.account_type == "asset_receivable" and not line.reconciled
                    )
                )
                for items in open_items.grouped("account_id").values():
                    if items & credits and items - credits:
                        items.reconcile()
