"""One call of a webhook: signed, sent to a checked address, answered or not."""

import contextlib
import hashlib
import hmac
import secrets
import socket
import threading
import time
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from .address_guard import AddressRefused, NotAUrl, addresses_to_call, check_url

CONNECT_SECONDS = 5
READ_SECONDS = 10
WHOLE_SECONDS = 20
ANSWER_BYTES = 2000
TRIED_ADDRESSES = 2
OUT_OF_SERVICE = (429, 502, 503, 504)
"""Answers of an endpoint that answers nothing else either, for now."""


class CallFailed(Exception):
    """Nobody answered; the class says why, `host` who, `reason` what was found."""

    def __init__(self, host, reason):
        super().__init__(f"{host}: {reason}")
        self.host = host
        self.reason = reason


class NotTrusted(CallFailed):
    """The encryption cannot be trusted: a wrong or an own certificate, say."""


class NotInTime(CallFailed):
    """It took too long."""


class NotReached(CallFailed):
    """There is no connection, or it was cut off."""


@dataclass(frozen=True)
class Answer:
    """What came of a call: a status and the beginning of the answer, or an error."""

    seconds: float
    status: int | None = None
    text: str = ""
    error: Exception | None = None

    @property
    def is_success(self):
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self):
        return self.status == 410

    @property
    def is_out_of_service(self):
        return self.status is None or self.status in OUT_OF_SERVICE


def new_secret():
    """Return a secret that nobody can guess: 256 random bits."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def signature(body, moment, keys):
    """Return the header that proves, by each of some secrets, who sends a body.

    `moment` is in Unix seconds; it is signed too, so that nobody can send it later.

    >>> signature(b"{}", 1775898000, ["whsec_example"])[:22]
    't=1775898000,v1=50a299'
    """
    signed = b"%d.%s" % (moment, body)
    proofs = [hmac.new(key.encode(), signed, hashlib.sha256) for key in keys]
    return ",".join([f"t={moment}", *(f"v1={proof.hexdigest()}" for proof in proofs)])


def post(url, body, headers, *, allows_internal=False, authorities=True, **limits):
    """Send a body and return the `Answer`. Redirects are not followed.

    `authorities` is a file of those who vouch for certificates, by default public ones.

    Proxies and passwords that the server's environment names are not used: through a
    proxy nobody could tell which address is called. `limits` are those of `Calls`.
    """
    started = time.monotonic()
    try:
        check_url(url, allows_internal=allows_internal)
        calls = Calls(allows_internal, **limits)
        status, text = _send(url, body, headers, calls, authorities)
        return Answer(time.monotonic() - started, status, text)
    except (AddressRefused, CallFailed) as error:
        return Answer(time.monotonic() - started, error=error)


def _send(url, body, headers, calls, authorities):
    """Return the status and the first characters of the answer, or fail."""
    host = requests.utils.urlparse(url).hostname
    with requests.Session() as session, calls:
        session.trust_env = False
        session.verify = authorities
        session.mount("https://", calls)
        session.mount("http://", calls)
        try:
            request = session.prepare_request(
                requests.Request("POST", url, data=body, headers=headers)
            )
            with session.send(request, stream=True, allow_redirects=False) as response:
                return response.status_code, _beginning(response)
        except requests.exceptions.InvalidURL as error:
            raise NotAUrl(url=url) from error
        except requests.exceptions.SSLError as error:
            raise NotTrusted(host, _root_cause(error)) from error
        except requests.exceptions.Timeout as error:
            raise NotInTime(host, _root_cause(error)) from error
        except requests.exceptions.RequestException as error:
            failure = NotInTime if calls.hung_up else NotReached
            raise failure(host, _root_cause(error)) from error


def _beginning(response):
    """Return the first characters of an answer, as far as they come in time."""
    try:
        read = response.raw.read(ANSWER_BYTES, decode_content=False)
    except (HTTPError, OSError):
        # The status says whether the call was taken; the text is for people only.
        return ""
    return read.decode(errors="replace").replace("\0", "")


def _root_cause(error):
    """Return in the system's words what is behind an error of the libraries."""
    known = (*error.args, getattr(error, "reason", None))
    behind = [each for each in known if isinstance(each, Exception)]
    if behind:
        return _root_cause(behind[-1])
    return getattr(error, "verify_message", None) or str(error).rpartition(": ")[2]


class Calls(HTTPAdapter):
    """Connects to addresses that were checked, and hangs up when it takes too long."""

    def __init__(
        self,
        allows_internal,
        *,
        connect_seconds=CONNECT_SECONDS,
        read_seconds=READ_SECONDS,
        whole_seconds=WHOLE_SECONDS,
    ):
        self.allows_internal = allows_internal
        self.timeout = (connect_seconds, read_seconds)
        self.whole_seconds = whole_seconds
        self.watched = []
        self.hung_up = False
        super().__init__()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        for timer, line in self.watched:
            timer.cancel()
            line.close()

    def init_poolmanager(self, *args, **kwargs):
        result = super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._pool(HTTPConnectionPool, HTTPConnection),
            "https": self._pool(HTTPSConnectionPool, HTTPSConnection),
        }
        return result

    def _pool(self, pool, connection):
        """Return a class of pools whose connections are checked by this adapter."""
        checked = type("Checked", (CheckedConnection, connection), {"calls": self})
        return type("CheckedPool", (pool,), {"ConnectionCls": checked})

    def send(self, request, **kwargs):
        return super().send(request, **{**kwargs, "timeout": self.timeout})

    def watch(self, sock):
        """Return a connection that is hung up after a while, whatever it waits for.

        The time-outs of a socket begin anew with each byte.
        """
        line = sock.dup()

        def hang_up():
            self.hung_up = True
            # It may be over by itself in the same moment.
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.whole_seconds, hang_up)
        timer.daemon = True
        timer.start()
        self.watched.append((timer, line))
        return sock


class CheckedConnection:
    """Looks the host up once, and connects to what was found and checked.

    The host stays the one of the URL for the certificate and for the server.
    """

    calls = None

    def _new_conn(self):
        name = self._dns_host
        *others, last = addresses_to_call(
            name, self.port, allows_internal=self.calls.allows_internal
        )[:TRIED_ADDRESSES]
        try:
            for address in others:
                self._dns_host = address
                # Servers are often reachable by one kind of address only.
                with contextlib.suppress(HTTPError):
                    return self.calls.watch(super()._new_conn())
            self._dns_host = last
            return self.calls.watch(super()._new_conn())
        finally:
            self._dns_host = name
