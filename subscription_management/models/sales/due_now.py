"""The amount that an order causes to be invoiced on its first day."""

from datetime import timedelta

from ..billing.invoice_planner import InvoicePlanner


def first_day_total(order, subscription, change_plan):
    """Return the total with taxes of the invoices on the first day of an order.

    It is negative where more is credited than charged. Raises `BillingError` or
    `UserError` where billing would refuse.
    """
    day = max(order._service_start_date(), subscription._today())
    invoices = InvoicePlanner(subscription).after(change_plan, day + timedelta(days=1))
    total = sum(invoice.total for invoice in invoices if invoice.day >= day)
    return order.currency_id.round(total)
