"""What a provider answered, seen beside the host's own transaction."""

import requests
import urllib3

from odoo import models
from odoo.exceptions import ValidationError

from ...billing_core.collection import Call, Decline

ONLY_LOOK = frozenset({"GET", "HEAD"})
OF_THE_COMPANY = frozenset({401, 403, 429})
"""Refusals of the company's keys, or of too many requests: no customer is to blame."""

CALLS = "managed_provider_calls"


class ProviderCalls:
    """The requests of one charge, each with what came back."""

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
        """Note the request that began last."""
        may_charge = self._method.upper() not in ONLY_LOOK
        self.done.append(Call(may_charge, self._status, was_sent))

    def declined(self, decline, code):
        self.decline, self.decline_code = decline, code


def calls_of(env):
    """Return where the requests of a charge are noted, None outside of one.

    What a client sends in its context is no such place.
    """
    calls = env.context.get(CALLS)
    return calls if isinstance(calls, ProviderCalls) else None


def was_sent(error):
    """Tell whether a request may have reached the provider that was not answered."""
    cause = error.__context__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return False
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    return not isinstance(reason, urllib3.exceptions.NewConnectionError)


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def _send_api_request(self, method, *args, **kwargs):
        """Note each request of a charge, and whether it was answered."""
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
        """Note the status of an answer, and why a charge was declined."""
        if calls := calls_of(self.env):
            calls.answered(response.status_code)
            if not response.ok:
                decline, code = self._read_decline(response)
                calls.declined(decline, code)
        return super()._log_response(response, **kwargs)

    def _read_decline(self, response):
        """Return (decline, code) of a refusal; addons of a provider know its codes."""
        if response.status_code in OF_THE_COMPANY:
            return Decline.TEMPORARY, f"http_{response.status_code}"
        return None, None
