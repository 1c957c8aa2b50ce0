"""Verify that a webhook's address is encrypted and on the public internet.

The URL is checked when it is entered. The addresses to which its name resolves are
checked on each connection, and only these are connected to (`http_client`).
"""

import contextlib
import ipaddress
import socket
from urllib.parse import urlsplit

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
TRANSLATED_IPV4 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6-only networks write them: the last 32 bits (RFC 6052)."""
RESERVED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "2001::/23",  # protocol assignments, Teredo among them (RFC 2928)
        "2002::/16",  # 6to4, which carries any IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
INTERNAL_DOMAINS = ("localhost", "localdomain", "local", "internal", "lan", "home.arpa")


class AddressRefused(Exception):
    """A URL or address is not allowed; the class states why, the attributes which."""

    def __init__(self, **values):
        super().__init__(", ".join(f"{name}={values[name]}" for name in values))
        vars(self).update(values)


class NotAUrl(AddressRefused):
    """It has no host, or cannot be parsed."""


class NotEncrypted(AddressRefused):
    """It is not https."""


class HasCredentials(AddressRefused):
    """It contains a user name or a password."""


class NotPublic(AddressRefused):
    """Its address is not on the public internet."""


def is_public(address):
    """Return whether an IP address is on the public internet.

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
        and not any(found in network for network in RESERVED_NETWORKS)
    )


def check_url(url, *, allows_internal=False):
    """Refuse a URL that is not allowed, without resolving its name."""
    host = _host_of(url)
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (allows_internal and scheme == "http"):
        raise NotEncrypted(url=url)
    if not allows_internal and _is_internal(host):
        raise NotPublic(host=host, address=_literal(host) or host)


def addresses_to_call(host, port, *, allows_internal=False):
    """Return the IP addresses of a host; refuse it if one of them is internal."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(row[4][0] for row in found))
    for address in addresses:
        if not allows_internal and not is_public(address):
            raise NotPublic(host=host, address=address)
    return addresses


def _host_of(url):
    """Return the host of a URL, or refuse it."""
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
        raise HasCredentials(host=host)
    return host


def _is_internal(host):
    if address := _literal(host):
        return not is_public(address)
    name = host.rstrip(".")
    return "." not in name or name.endswith(
        tuple(f".{last}" for last in INTERNAL_DOMAINS)
    )


def _literal(host):
    """Return the IP address that a host is, or None for a name.

    Short forms of IPv4 count as the system's resolver reads them: 127.1 is 127.0.0.1.
    """
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    with contextlib.suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    return None
