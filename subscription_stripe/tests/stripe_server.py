"""A small Stripe: the part of its API that charges saved cards, over real HTTP.

It keeps intents, honours idempotency keys, and answers by the payment method as
Stripe's own test cards do (https://docs.stripe.com/testing). A fault is a word of
`FAULTS`, for the next request that charges.
"""

import hashlib
import hmac
import itertools
import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "card_declined",
        "insufficient_funds",
    ),
    "pm_card_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", None),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", None),
    "pm_card_authenticationRequired": (
        "authentication_required",
        "authentication_required",
    ),
}
FAULTS = ("hang_before", "hang_after", "drop_before", "drop_after", "500", "500_after")


class StripeServer:
    """One account of the small Stripe; `charges` are what customers have paid."""

    def __init__(self, hang_seconds=15):
        self.intents = {}
        self.answers = {}
        self.in_flight = set()
        self.requests = []
        self.fault = None
        self.status = None
        self.hang_seconds = hang_seconds
        self.seconds_to_answer = 0
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (Handler,), {"account": self})
        )
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1/"

    @property
    def charges(self):
        """Return (reference, minor units) of the paid charges."""
        return [
            (intent["description"], intent["amount"])
            for intent in self.intents.values()
            if intent["status"] == "succeeded"
        ]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def intent_of(self, reference):
        return next(
            intent
            for intent in self.intents.values()
            if intent["description"] == reference
        )

    def create_intent(self, data, key):
        """Return (status, body); the same key always has the same answer."""
        with self._lock:
            if key in self.in_flight:
                return 409, _error("idempotency_error", "idempotency_key_in_use")
            if key in self.answers:
                before, answer = self.answers[key]
                if before == data:
                    return answer
                return 400, _error("idempotency_error", "idempotency_key_reused")
            self.in_flight.add(key)
        try:
            answer = self._charge(data)
            if key:
                self.answers[key] = (data, answer)
            return answer
        finally:
            self.in_flight.discard(key)

    def _charge(self, data):
        method = data["payment_method"]
        intent = {
            "id": f"pi_{next(self._numbers)}",
            "object": "payment_intent",
            "amount": int(data["amount"]),
            "currency": data["currency"],
            "customer": data["customer"],
            "description": data["description"],
            "payment_method": {
                "id": method,
                "type": "card",
                "card": {"brand": "visa", "last4": "4242"},
            },
            "last_payment_error": None,
            "status": "succeeded",
        }
        self.intents[intent["id"]] = intent
        if method == "pm_needsAction":
            intent["status"] = "requires_action"
        elif method == "pm_sepa":
            intent["status"] = "processing"
        elif method in DECLINES:
            code, decline_code = DECLINES[method]
            error = {
                "type": "card_error",
                "code": code,
                "decline_code": decline_code,
                "message": f"Your card was declined ({code}).",
            }
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = error
            return 402, {"error": {**error, "payment_intent": intent}}
        return 200, intent

    def webhook(self, kind, reference, secret, at=None):
        """Return (body, headers) of a signed event as Stripe would send it."""
        event = {
            "type": kind,
            "data": {"object": self.intent_of(reference)},
        }
        body = json.dumps(event)
        moment = int(at or time.time())
        signature = hmac.new(
            secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256
        ).hexdigest()
        return body, {
            "Content-Type": "application/json",
            "Stripe-Signature": f"t={moment},v1={signature}",
        }

    def _list(self, query):
        """Return a page of a customer's intents, the newest first."""
        found = [
            intent
            for intent in reversed(self.intents.values())
            if intent["customer"] == query["customer"]
        ]
        if after := query.get("starting_after"):
            ids = [intent["id"] for intent in found]
            found = found[ids.index(after) + 1 :]
        size = int(query["limit"])
        return {"data": found[:size], "has_more": len(found) > size}


class Handler(BaseHTTPRequestHandler):
    """Speaks for one account, which the server gives it."""

    account: StripeServer

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        data = _flat(self.rfile.read(length).decode())
        path = urlsplit(self.path).path.removeprefix("/v1/")
        self.account.requests.append(("POST", path, data, dict(self.headers)))
        if path == "payment_intents":
            self._charge(data)
        elif path.endswith("/cancel"):
            self._cancel(path.split("/")[1])
        else:
            self._answer(404, _error("invalid_request_error", "not_found"))

    def do_GET(self):
        url = urlsplit(self.path)
        path, query = url.path.removeprefix("/v1/"), _flat(url.query)
        self.account.requests.append(("GET", path, query, dict(self.headers)))
        if self.account.status:
            self._answer(self.account.status, _error("api_error", "down"))
        elif path == "payment_intents":
            self._answer(200, self.account._list(query))
        else:
            self._answer(200, self.account.intents[path.split("/")[1]])

    def _charge(self, data):
        fault, self.account.fault = self.account.fault, None
        if self.account.status:
            return self._answer(self.account.status, _error("api_error", "down"))
        if fault in ("hang_before", "drop_before", "500"):
            return self._fail(fault)
        answer = self.account.create_intent(data, self.headers.get("Idempotency-Key"))
        if fault:
            return self._fail(fault)
        time.sleep(self.account.seconds_to_answer)
        return self._answer(*answer)

    def _cancel(self, number):
        intent = self.account.intents[number]
        if intent["status"] == "succeeded":
            code = "payment_intent_unexpected_state"
            return self._answer(400, _error("invalid_request_error", code))
        intent["status"] = "canceled"
        return self._answer(200, intent)

    def _fail(self, fault):
        if fault.startswith("500"):
            return self._answer(500, _error("api_error", "api_error"))
        if fault.startswith("hang"):
            time.sleep(self.account.hang_seconds)
        self.close_connection = True
        self.connection.close()
        return None

    def _answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        """Keep the tests' output quiet."""

    def handle(self):
        # A caller may disconnect before the response.
        with suppress(BrokenPipeError, ConnectionResetError, ValueError):
            BaseHTTPRequestHandler.handle(self)


def _flat(text):
    return {name: values[0] for name, values in parse_qs(text).items()}


def _error(kind, code):
    return {"error": {"type": kind, "code": code, "message": f"Stripe says {code}."}}
