"""One request to a webhook: sent to a verified address, within a limit of time."""

import contextlib
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
TOTAL_SECONDS = 20
RESPONSE_BYTES = 2000
MAX_ADDRESSES = 2
UNREACHABLE_STATUSES = (429, 502, 503, 504)
"""Statuses of a webhook that is overloaded or down."""


class RequestFailed(Exception):
    """There is no response from `host`; the class and `reason` state why."""

    def __init__(self, host, reason):
        super().__init__(f"{host}: {reason}")
        self.host = host
        self.reason = reason


class Untrusted(RequestFailed):
    """The certificate is invalid, self-signed or of another host."""


class TimedOut(RequestFailed):
    """The response did not arrive in time."""


class Unreachable(RequestFailed):
    """There is no connection, or it was interrupted."""


@dataclass(frozen=True)
class Response:
    """The outcome of a request: a status and the first characters, or an error."""

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
    def is_unreachable(self):
        return self.status is None or self.status in UNREACHABLE_STATUSES


def post(url, body, headers, *, allows_internal=False, authorities=True, **limits):
    """Send a body by POST and return the `Response`. Redirects are not followed.

    `authorities` is a file of certificate authorities, by default the public ones.
    Proxies and passwords of the server's environment are not used, since a proxy would
    hide which address is contacted. `limits` are those of `GuardedAdapter`.
    """
    started = time.monotonic()
    try:
        check_url(url, allows_internal=allows_internal)
        adapter = GuardedAdapter(allows_internal, **limits)
        status, text = _send(url, body, headers, adapter, authorities)
        return Response(time.monotonic() - started, status, text)
    except (AddressRefused, RequestFailed) as error:
        return Response(time.monotonic() - started, error=error)


def _send(url, body, headers, adapter, authorities):
    """Return the status and the first characters of the response."""
    host = requests.utils.urlparse(url).hostname
    with requests.Session() as session, adapter:
        session.trust_env = False
        session.verify = authorities
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            request = session.prepare_request(
                requests.Request("POST", url, data=body, headers=headers)
            )
            with session.send(request, stream=True, allow_redirects=False) as response:
                return response.status_code, _beginning(response)
        except requests.exceptions.InvalidURL as error:
            raise NotAUrl(url=url) from error
        except requests.exceptions.SSLError as error:
            raise Untrusted(host, _root_cause(error)) from error
        except requests.exceptions.Timeout as error:
            raise TimedOut(host, _root_cause(error)) from error
        except requests.exceptions.RequestException as error:
            failure = TimedOut if adapter.timed_out else Unreachable
            raise failure(host, _root_cause(error)) from error


def _beginning(response):
    """Return the first characters of a response, as far as they arrive in time."""
    try:
        read = response.raw.read(RESPONSE_BYTES, decode_content=False)
    except (HTTPError, OSError):
        # The status decides about the delivery; the text is for the log only.
        return ""
    return read.decode(errors="replace").replace("\0", "")


def _root_cause(error):
    """Return the system's message behind an error of the libraries."""
    known = (*error.args, getattr(error, "reason", None))
    behind = [each for each in known if isinstance(each, Exception)]
    if behind:
        return _root_cause(behind[-1])
    return getattr(error, "verify_message", None) or str(error).rpartition(": ")[2]


class GuardedAdapter(HTTPAdapter):
    """Connects to verified addresses only, and limits the total time."""

    def __init__(
        self,
        allows_internal,
        *,
        connect_seconds=CONNECT_SECONDS,
        read_seconds=READ_SECONDS,
        total_seconds=TOTAL_SECONDS,
    ):
        self.allows_internal = allows_internal
        self.timeout = (connect_seconds, read_seconds)
        self.total_seconds = total_seconds
        self.watched = []
        self.timed_out = False
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
        """Return a class of pools whose connections are verified by this adapter."""
        checked = type("Checked", (CheckedConnection, connection), {"adapter": self})
        return type("CheckedPool", (pool,), {"ConnectionCls": checked})

    def send(self, request, **kwargs):
        return super().send(request, **{**kwargs, "timeout": self.timeout})

    def watch(self, sock):
        """Return a socket that is shut down after the total time.

        A socket's own timeout starts again with each byte.
        """
        line = sock.dup()

        def shut_down():
            self.timed_out = True
            # The peer may close it at the same moment.
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.total_seconds, shut_down)
        timer.daemon = True
        timer.start()
        self.watched.append((timer, line))
        return sock


class CheckedConnection:
    """Resolves the host once, and connects to the addresses that were verified.

    The certificate and the Host header keep the name of the URL.
    """

    adapter = None

    def _new_conn(self):
        name = self._dns_host
        *others, last = addresses_to_call(
            name, self.port, allows_internal=self.adapter.allows_internal
        )[:MAX_ADDRESSES]
        try:
            for address in others:
                self._dns_host = address
                # Servers are often reachable by IPv4 or IPv6 only.
                with contextlib.suppress(HTTPError):
                    return self.adapter.watch(super()._new_conn())
            self._dns_host = last
            return self.adapter.watch(super()._new_conn())
        finally:
            self._dns_host = name
