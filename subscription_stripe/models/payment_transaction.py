"""What became of a charge at Stripe, asked without charging again."""

import calendar
from datetime import date

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.payment_stripe.controllers.main import StripeController
from odoo.addons.subscription_management.billing_core.collection import Outcome

from .declines import decline_of

PAGE = 100
NOTHING_CAME = ("requires_payment_method", "canceled")
"""The states of an intent from which no money comes by itself."""


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _apply_updates(self, payment_data):
        """Keep the code of a decline that Stripe tells by itself."""
        result = super()._apply_updates(payment_data)
        if self.provider_code == "stripe" and self.managed_case_id:
            intent = payment_data.get("payment_intent") or {}
            if error := intent.get("last_payment_error"):
                _decline, self.managed_decline_code = decline_of(error)
        return result

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
        if self.managed_outcome == Outcome.UNKNOWN.value:
            if intent["status"] in NOTHING_CAME:
                error = intent.get("last_payment_error") or {}
                self._note_outcome(Outcome.DECLINED, *decline_of(error))
            elif intent["status"] == "processing":
                self._note_outcome(Outcome.PENDING)
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
