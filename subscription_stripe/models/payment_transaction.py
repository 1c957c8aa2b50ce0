"""The outcome of a charge at Stripe, queried without charging again."""

import calendar
from datetime import date

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.payment_stripe.controllers.main import StripeController

from .declines import decline_of

PAGE = 100
FINAL_DECLINES = ("requires_payment_method", "canceled")
"""The states of an intent that cannot be paid without a new attempt."""


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _apply_updates(self, payment_data):
        """Store the code of a decline that Stripe reports by a webhook.

        The host takes a time-out for an error, which it never changes to pending.
        """
        is_stripe = self.provider_code == "stripe"
        intent = payment_data.get("payment_intent") or {}
        if is_stripe and self.state == "error" and self._is_unresolved():
            if intent.get("status") == "processing":
                self._set_pending(extra_allowed_states=("error",))
            elif intent.get("status") == "requires_capture":
                self._set_authorized(extra_allowed_states=("error",))
        result = super()._apply_updates(payment_data)
        if (
            is_stripe
            and self.managed_case_id
            and (error := intent.get("last_payment_error"))
        ):
            _decline, self.managed_decline_code = decline_of(error)
        return result

    def _is_final_decline(self, payment_data):
        intent = payment_data.get("payment_intent") or {}
        if self.provider_code != "stripe":
            return super()._is_final_decline(payment_data)
        return intent.get("status") in FINAL_DECLINES

    def _reported_decline(self):
        if self.provider_code != "stripe" or not self.managed_decline_code:
            return super()._reported_decline()
        return decline_of({"code": self.managed_decline_code})

    def _tokenize(self, payment_data):
        """Store the day on which a saved card expires."""
        before = self.token_id
        result = super()._tokenize(payment_data)
        method = payment_data.get("payment_method")
        card = method.get("card") if isinstance(method, dict) else None
        if self.provider_code == "stripe" and card and card.get("exp_year"):
            year, month = card["exp_year"], card["exp_month"]
            last = date(year, month, calendar.monthrange(year, month)[1])
            (self.token_id - before).managed_method_ids.sudo().expires_on = last
        return result

    def _query_provider(self):
        """Return Stripe's response about a charge, and record a proven outcome."""
        if self.provider_code != "stripe":
            return super()._query_provider()
        try:
            intent = self._find_intent()
        except ValidationError as error:
            return self.env._(
                "Stripe does not respond: %s Check again later.", str(error)
            )
        if intent is None:
            # The request may still be on its way: a user decides.
            return self.env._(
                "Stripe has no record of charge %s. If it was sent some minutes ago, "
                "it was not made.",
                self.reference,
            )
        self._process("stripe", self._data_of(intent))
        return self.env._(
            "Stripe reports the status “%(status)s” for charge %(reference)s "
            "(%(intent)s).",
            reference=self.reference,
            intent=intent["id"],
            status=intent["status"],
        )

    def _data_of(self, intent):
        data = {"reference": self.reference}
        StripeController._include_payment_intent_in_payment_data(intent, data)
        return data

    def _find_intent(self):
        """Return Stripe's record of a charge, None if it has none.

        It is listed by its customer, since Stripe's search finds new charges late.
        """
        if self.provider_reference:
            return self._send_api_request(
                "GET", f"payment_intents/{self.provider_reference}"
            )
        params = {"customer": self.token_id.provider_ref, "limit": PAGE}
        while True:
            page = self._send_api_request("GET", "payment_intents", params=params)
            for intent in page["data"]:
                if intent.get("description") == self.reference:
                    return intent
            if not page.get("has_more"):
                return None
            params["starting_after"] = page["data"][-1]["id"]

    def _withdraw_charge(self):
        """Cancel a charge that waits for its customer."""
        if self.provider_code != "stripe":
            return super()._withdraw_charge()
        if not self.provider_reference:
            return False
        try:
            intent = self._send_api_request(
                "POST", f"payment_intents/{self.provider_reference}/cancel"
            )
        except ValidationError:
            return False
        self._process("stripe", self._data_of(intent))
        return intent["status"] == "canceled"
