"""Which addresses webhooks call: encrypted ones, of the public internet.

What a URL names is checked when it is typed, what the name stands for when it is
called: the very addresses that are connected to (`webhook_call`).
"""

import contextlib
import ipaddress
import socket
from urllib.parse import urlsplit

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
TRANSLATED_IPV4 = ipaddress.ip_network("64:ff9b::/96")
"""How a network without IPv4 reaches it: by the last 32 bits (RFC 6052)."""
NOT_FOR_SERVICES = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "2001::/23",  # protocol assignments, Teredo among them (RFC 2928)
        "2002::/16",  # 6to4, which carries any IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
NAMES_INSIDE = ("localhost", "localdomain", "local", "internal", "lan", "home.arpa")


class AddressRefused(Exception):
    """A webhook does not call this; the class says why, the attributes what."""

    def __init__(self, **values):
        super().__init__(", ".join(f"{name}={values[name]}" for name in values))
        vars(self).update(values)


class NotAUrl(AddressRefused):
    """It names no server, or cannot be read."""


class NotEncrypted(AddressRefused):
    """It is not https."""


class NamesAUser(AddressRefused):
    """It carries a user or a password."""


class Inside(AddressRefused):
    """It leads to an address that is not of the public internet."""


def is_public(address):
    """Tell whether an IP address may be a service on the public internet.

    >>> is_public("93.184.215.14")
    True
    >>> is_public("169.254.169.254")
    False
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if found in TRANSLATED_IPV4:
        return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    if found.version == 6 and found not in GLOBAL_UNICAST:
        return False
    return (
        found.is_global
        and not found.is_multicast
        and not found.is_reserved
        and not any(found in network for network in NOT_FOR_SERVICES)
    )


def check_url(url, *, allows_internal=False):
    """Refuse a URL that no webhook calls, by what can be read from it.

    Names are not looked up: that they lead outside is known only when they are called.
    """
    host = _host_of(url)
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (allows_internal and scheme == "http"):
        raise NotEncrypted(url=url)
    if not allows_internal and _is_inside(host):
        raise Inside(host=host, address=_literal(host) or host)


def addresses_to_call(host, port, *, allows_internal=False):
    """Return the IP addresses of a host, or refuse it if one of them is inside."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(row[4][0] for row in found))
    for address in addresses:
        if not allows_internal and not is_public(address):
            raise Inside(host=host, address=address)
    return addresses


def _host_of(url):
    """Return the host that a URL names, or refuse it."""
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise NotAUrl(url=url)
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise NotAUrl(url=url) from error
    if not host or parts.scheme not in ("http", "https"):
        raise NotAUrl(url=url)
    if "@" in parts.netloc:
        raise NamesAUser(host=host)
    return host


def _is_inside(host):
    if address := _literal(host):
        return not is_public(address)
    name = host.rstrip(".")
    return "." not in name or name.endswith(tuple(f".{last}" for last in NAMES_INSIDE))


def _literal(host):
    """Return the IP address that a host is written as, None for a name.

    Like the system's resolver it knows the short forms of IPv4: 127.1 is 127.0.0.1.
    """
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    with contextlib.suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    return None
