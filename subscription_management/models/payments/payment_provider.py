"""The provider's responses to a charge, recorded beside the host's transaction."""

import requests
import urllib3

from odoo import models
from odoo.exceptions import ValidationError

from ...billing_core.collection import Call, Decline

TRANSFER_PROVIDERS = ("none", "custom")
"""Providers that wait for a transfer which the customer may never make."""

NON_PAYMENT_OPERATIONS = ("refund", "validation")
"""The operations that pay no invoice."""


READ_ONLY_METHODS = frozenset({"GET", "HEAD"})
COMPANY_ERRORS = frozenset({401, 403, 429})
"""Responses to rejected keys or too many requests: not the customer's fault."""

KEY_ERRORS = frozenset({"http_401", "http_403"})
"""The decline codes of responses that reject the company's own keys."""

CALLS = "managed_provider_calls"


class ProviderCalls:
    """The requests of one charge with their responses."""

    def __init__(self):
        self.done = []
        self.decline = None
        self.decline_code = None
        self._method = None
        self._status = None

    def begin(self, method):
        self._method, self._status = method, None

    def answered(self, status):
        self._status = status

    def end(self, was_sent=True):
        """Record the request that began last."""
        may_charge = self._method.upper() not in READ_ONLY_METHODS
        self.done.append(Call(may_charge, self._status, was_sent))

    def declined(self, decline, code):
        self.decline, self.decline_code = decline, code


def calls_of(env):
    """Return the record of a charge's requests, None outside of a charge.

    A context value that a client sent is ignored.
    """
    calls = env.context.get(CALLS)
    return calls if isinstance(calls, ProviderCalls) else None


def was_sent(error):
    """Return whether a request without a response may have reached the provider."""
    cause = error.__context__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return False
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    return not isinstance(reason, urllib3.exceptions.NewConnectionError)


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def write(self, vals):
        """Clear the error of rejected keys once keys were entered."""
        result = super().write(vals)
        entered = self.filtered(lambda each: each._key_fields() & vals.keys())
        if entered:
            cases = self.env["subscription.dunning.case"].sudo()
            rejected = cases.search([("keys_rejected_by_id", "in", entered.ids)])
            rejected.keys_rejected_by_id = False
        return result

    def _key_fields(self):
        """Return the names of the fields with the provider's credentials."""
        return {
            name
            for name, field in self._fields.items()
            if getattr(field, "required_if_provider", None) == self.code
        }

    def _send_api_request(self, method, *args, **kwargs):
        """Record each request of a charge, and whether it was answered."""
        calls = calls_of(self.env)
        if calls is None:
            return super()._send_api_request(method, *args, **kwargs)
        calls.begin(method)
        reached = True
        try:
            return super()._send_api_request(method, *args, **kwargs)
        except ValidationError as error:
            reached = was_sent(error)
            raise
        finally:
            calls.end(reached)

    def _log_response(self, response, **kwargs):
        """Record the status of a response, and the reason of a decline."""
        if calls := calls_of(self.env):
            calls.answered(response.status_code)
            if not response.ok:
                decline, code = self._read_decline(response)
                calls.declined(decline, code)
        return super()._log_response(response, **kwargs)

    def _read_decline(self, response):
        """Return (decline, code) of a refusal; addons of a provider know its codes."""
        if response.status_code in COMPANY_ERRORS:
            return Decline.TEMPORARY, f"http_{response.status_code}"
        return None, None
