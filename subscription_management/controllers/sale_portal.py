from odoo.addons.sale.controllers.portal import CustomerPortal


class SubscriptionOrderPortal(CustomerPortal):
    """Online signature and payment of quotations with plans."""

    def _get_payment_values(
        self, order_sudo, is_down_payment=False, payment_amount=None, **kwargs
    ):
        """Request the amount due now: later periods are paid when due."""
        is_open = order_sudo.managed_has_plans and order_sudo.state != "sale"
        due = order_sudo._due_now() if is_open else None
        if due is not None and not is_down_payment and due < order_sudo.amount_total:
            is_down_payment, payment_amount = True, due
        return super()._get_payment_values(
            order_sudo, is_down_payment, payment_amount, **kwargs
        )
