"""What became of a charge at Stripe, asked without charging again."""

import calendar
from datetime import date

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.payment_stripe.controllers.main import StripeController

from .declines import decline_of

PAGE = 100
NOTHING_CAME = ("requires_payment_method", "canceled")
"""The states of an intent from which no money comes by itself."""


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _apply_updates(self, payment_data):
        """Keep the code of a decline that Stripe tells by itself.

        The host takes a time-out for an error, from which it lets no charge be pending.
        """
        is_stripe = self.provider_code == "stripe"
        intent = payment_data.get("payment_intent") or {}
        if is_stripe and self.state == "error" and self._is_unsettled():
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

    def _is_final(self, payment_data):
        intent = payment_data.get("payment_intent") or {}
        if self.provider_code != "stripe":
            return super()._is_final(payment_data)
        return intent.get("status") in NOTHING_CAME

    def _decline_said(self):
        if self.provider_code != "stripe" or not self.managed_decline_code:
            return super()._decline_said()
        return decline_of({"code": self.managed_decline_code})

    def _tokenize(self, payment_data):
        """Keep the day on which a saved card expires."""
        before = self.token_id
        result = super()._tokenize(payment_data)
        method = payment_data.get("payment_method")
        card = method.get("card") if isinstance(method, dict) else None
        if self.provider_code == "stripe" and card and card.get("exp_year"):
            year, month = card["exp_year"], card["exp_month"]
            last = date(year, month, calendar.monthrange(year, month)[1])
            (self.token_id - before).managed_method_ids.sudo().expires_on = last
        return result

    def _ask_provider(self):
        """Return what Stripe says of a charge, and note what is certain."""
        if self.provider_code != "stripe":
            return super()._ask_provider()
        try:
            intent = self._find_intent()
        except ValidationError as error:
            return self.env._(
                "Stripe does not answer now: %s Ask again later.", str(error)
            )
        if intent is None:
            # It may still be on its way: a person decides, by the time that has passed.
            return self.env._(
                "Stripe knows of no charge %s. If some minutes have passed since it "
                "was sent, it was not made.",
                self.reference,
            )
        self._process("stripe", self._data_of(intent))
        return self.env._(
            "Stripe says that charge %(reference)s (%(intent)s) is %(status)s.",
            reference=self.reference,
            intent=intent["id"],
            status=intent["status"],
        )

    def _data_of(self, intent):
        data = {"reference": self.reference}
        StripeController._include_payment_intent_in_payment_data(intent, data)
        return data

    def _find_intent(self):
        """Return Stripe's record of a charge, None where it has none.

        It is listed by its customer: Stripe's search finds new ones only later.
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
        """Cancel a charge that waits for its customer, so that it cannot come later."""
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
