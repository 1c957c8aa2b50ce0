"""Payments that customers start themselves: charges and steps wait for them."""

from odoo import api, fields
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.collection import Outcome
from ..model_part import ModelPart
from .payment_provider import NON_PAYMENT_OPERATIONS, TRANSFER_PROVIDERS


class SubscriptionDunningCustomerPayment(ModelPart):
    _register = False

    def _payments_in_progress(self, now):
        """Return the manual payments that block charges and steps."""
        self.ensure_one()
        return self.move_id.transaction_ids.filtered(
            lambda each: (
                each._is_manual_payment()
                and (until := each._blocks_charges_until(now))
                and until > now
            )
        )

    def _transfer_expected_until(self, now):
        """Return until when a selected bank transfer is expected, None without one.

        It is counted from the first transfer; selecting it again extends nothing.
        """
        self.ensure_one()
        selected = self.move_id.transaction_ids.filtered(
            lambda each: (
                each._is_manual_payment()
                and each._is_transfer()
                and not each.managed_is_abandoned
            )
        )
        if not selected:
            return None
        first = min(selected.mapped("last_state_change"))
        until = first + selected[0]._pending_time_allowed()
        return until if until > now else None

    def _expire_transfers(self):
        """Expect no transfer any more, since a charge was requested."""
        transactions = self.move_id.transaction_ids
        transactions.filtered(
            lambda each: each._is_transfer()
        ).managed_is_abandoned = True

    def _charge_precedes_steps(self):
        """Return whether a charge has to be sent before any step."""
        self.ensure_one()
        return bool(self.charge_at) and not self._transfer_expected_until(
            fields.Datetime.now()
        )

    def _customer_payment_expected_until(self, now):
        """Return until when a payment of the customer is expected, None without one.

        A pending one extends the time whenever it is asked for again.
        """
        moments = [
            each._blocks_charges_until(now) for each in self._payments_in_progress(now)
        ]
        if until := self._transfer_expected_until(now):
            moments.append(until)
        return max(moments, default=None)

    def _has_pending_payment(self):
        """Return whether the customer has paid and the provider has not decided yet."""
        in_progress = self._payments_in_progress(fields.Datetime.now())
        return any(each._is_pending() for each in in_progress)

    @api.model
    def _report_pending_payments(self):
        """Leave a to-do, once, for each payment that is pending too long."""
        charged = Domain("managed_outcome", "=", Outcome.PENDING.value)
        by_customers = (
            Domain("managed_case_id", "=", False)
            & Domain("invoice_ids.managed_case_ids.state", "=", "open")
            & Domain("operation", "not in", NON_PAYMENT_OPERATIONS)
            & Domain("provider_code", "not in", TRANSFER_PROVIDERS)
            & (
                Domain("managed_outcome", "=", Outcome.UNKNOWN.value)
                | Domain("state", "in", ("pending", "authorized"))
                | (
                    Domain("state", "=", "done")
                    & Domain("is_post_processed", "=", False)
                )
            )
        )
        waiting = self.env["payment.transaction"].search(
            Domain("managed_is_reported", "=", False) & (charged | by_customers)
        )
        late = waiting.filtered(lambda each: each._is_pending_too_long())
        return late._run_each_case(lambda charge: charge._report_pending())

    def _report_pending_charge(self, charge):
        """Leave a to-do about a payment that is pending too long."""
        since = charge.managed_sent_at or charge.last_state_change
        values = {
            "reference": charge.reference,
            "day": format_date(self.env, since),
        }
        self._schedule_activity(
            self.env._(
                "%(reference)s was paid on %(day)s, but its payment is not registered "
                "yet; use Mark as Succeeded to see the reason.",
                **values,
            )
            if charge.state == "done"
            else self.env._(
                "Charge %(reference)s has been pending since %(day)s; check it in the "
                "provider's dashboard.",
                **values,
            )
        )
