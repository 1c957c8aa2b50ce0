from freezegun import freeze_time

from odoo.tests import Form

from ..common import SalesCase


class ChangeQuotationCase(SalesCase):
    """Ten seats at 7.00 a month, billed for April, and what is quoted on the 16th."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-16 09:00:00"))

    def setUp(self):
        super().setUp()
        self.subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.bill("2026-04-01")

    def wizard(self, **values):
        form = Form(
            self.env["subscription.change.wizard"].with_context(
                default_subscription_id=self.subscription.id
            )
        )
        for name, value in values.items():
            setattr(form, name, value)
        return form

    def quoted(self, form):
        action = form.save().action_quote()
        return self.env["sale.order"].browse(action["res_id"])

    def quote_seats(self, quantity, **values):
        """Return the quotation of another number of seats."""
        form = self.wizard(**values)
        with form.line_ids.edit(0) as line:
            line.quantity = quantity
        return self.quoted(form)

    def last_invoice(self):
        return self.subscription.invoice_ids.sorted("id")[-1]

    def shown(self, order):
        """Return what the lines of an order say: effect, product, units and price."""
        return [
            (
                line.managed_effect,
                line.product_id.name,
                line.product_uom_qty,
                line.price_unit,
            )
            for line in order.order_line
        ]
