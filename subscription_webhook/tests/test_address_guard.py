"""Addresses that webhooks may contact, and one request to them."""

import socket
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase, tagged
from odoo.tests.common import _super_send

from ..models.address_guard import (
    AddressRefused,
    HasCredentials,
    NotAUrl,
    NotEncrypted,
    NotPublic,
    check_url,
    is_public,
)
from ..models.http_client import (
    TimedOut,
    Unreachable,
    Untrusted,
    post,
)
from .webhook_receiver import Receiver, hanging, self_signed_certificate, trickling

PUBLIC = (
    "1.1.1.1",
    "93.184.215.14",
    "192.0.1.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:812::200e",
    # An IPv4 address as an IPv6-only network writes it.
    "64:ff9b::5db8:d70e",
)
INTERNAL = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.215.14",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
REFUSED_URLS = {
    "": NotAUrl,
    "example.com/hook": NotAUrl,
    "https://": NotAUrl,
    "https:///hook": NotAUrl,
    "ftp://example.com/": NotAUrl,
    "file:///etc/passwd": NotAUrl,
    "https://example.com:port/": NotAUrl,
    "https://example.com:99999/": NotAUrl,
    "https://[::1/": NotAUrl,
    "https://example.com\\@127.0.0.1/": NotAUrl,
    "https://example.com/a hook": NotAUrl,
    "https://example.com/\r\nX-Header: 1": NotAUrl,
    "http://example.com/hook": NotEncrypted,
    "https://user@example.com/": HasCredentials,
    "https://user:password@example.com/": HasCredentials,
    "https://@example.com/": HasCredentials,
    "https://localhost/": NotPublic,
    "https://LOCALHOST./": NotPublic,
    "https://api.localhost/": NotPublic,
    "https://intranet/": NotPublic,
    "https://printer.local/": NotPublic,
    "https://metadata.google.internal/": NotPublic,
    "https://127.0.0.1/": NotPublic,
    "https://127.1/": NotPublic,
    "https://2130706433/": NotPublic,
    "https://0x7f.1/": NotPublic,
    "https://0177.0.0.1/": NotPublic,
    "https://[::1]/": NotPublic,
    "https://[::ffff:10.0.0.1]:8443/": NotPublic,
    "https://10.1.2.3:8069/hook": NotPublic,
}
ACCEPTED_URLS = (
    "https://example.com",
    "https://example.com/hooks?for=subscriptions",
    "https://hooks.example.com:8443/",
    "https://93.184.215.14/",
    "https://[2606:4700:4700::1111]/",
    "https://müller.example.com/",
)
NAME = "product.example.com"


def resolving_to(*addresses):
    """Let the name of the product resolve to the given addresses."""
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        if host != NAME:
            return real(host, port, *args, **kwargs)
        return [
            row
            for address in addresses
            for row in real(address, port, type=socket.SOCK_STREAM)
        ]

    return patch("socket.getaddrinfo", resolve)


@tagged("post_install", "-at_install")
class TestWebhookAddresses(BaseCase):
    def test_public_addresses_are_allowed(self):
        for address in PUBLIC:
            with self.subTest(address):
                self.assertTrue(is_public(address))

    def test_internal_and_reserved_addresses_are_not_allowed(self):
        for address in INTERNAL:
            with self.subTest(address):
                self.assertFalse(is_public(address))

    def test_a_url_that_is_not_allowed_is_refused_with_its_reason(self):
        for url, reason in REFUSED_URLS.items():
            with self.subTest(url), self.assertRaises(AddressRefused) as refused:
                check_url(url)
            self.assertIs(type(refused.exception), reason, url)

    def test_a_url_of_a_public_service_is_accepted(self):
        for url in ACCEPTED_URLS:
            with self.subTest(url):
                check_url(url)

    def test_credentials_in_urls_are_refused_where_internal_addresses_are_allowed(self):
        check_url("http://127.0.0.1:8080/hook", allows_internal=True)
        check_url("https://intranet/hook", allows_internal=True)
        for url in ("http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://"):
            with self.subTest(url), self.assertRaises(AddressRefused):
                check_url(url, allows_internal=True)


@tagged("post_install", "-at_install")
class TestWebhookRequest(BaseCase):
    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        # The host lets tests contact this machine only, and knows two names of it.
        if NAME in request.url:
            return _super_send(session, request, **kwargs)
        return super()._request_handler(session, request, **kwargs)

    def receiver(self, *answers, **options):
        receiver = Receiver(*answers, **options)
        self.addCleanup(receiver.close)
        return receiver

    def certificate(self, name=NAME):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return self_signed_certificate(Path(folder.name), name)

    def request(self, url, allows_internal=True, **options):
        return post(url, b"{}", {"X": "1"}, allows_internal=allows_internal, **options)

    def test_a_body_is_posted_unchanged_and_the_response_is_read(self):
        receiver = self.receiver(201)
        response = post(
            receiver.url, "{é}".encode(), {"X-Own": "1"}, allows_internal=True
        )
        [(headers, body)] = receiver.calls
        self.assertEqual(body, "{é}".encode())
        self.assertEqual(headers["X-Own"], "1")
        self.assertEqual((response.status, response.text), (201, "thank you"))
        self.assertTrue(response.is_success)

    def test_the_host_header_is_the_name_of_the_url(self):
        receiver = self.receiver()
        with resolving_to("127.0.0.1"):
            response = self.request(f"http://{NAME}:{receiver.port}/hook")
        self.assertEqual(response.status, 200)
        self.assertEqual(receiver.calls[0][0]["Host"], f"{NAME}:{receiver.port}")

    def test_a_name_that_resolves_to_an_internal_address_is_not_contacted(self):
        receiver = self.receiver()
        for addresses in (["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"]):
            with self.subTest(addresses), resolving_to(*addresses):
                response = self.request(f"https://{NAME}:{receiver.port}/", False)
                self.assertIsInstance(response.error, NotPublic)
                self.assertEqual(response.error.host, NAME)
        self.assertFalse(receiver.calls)

    def test_a_name_is_resolved_once_so_that_it_cannot_be_rebound(self):
        receiver = self.receiver()
        resolved = []
        real = socket.getaddrinfo

        def rebinding(host, port, *args, **kwargs):
            if host == NAME:
                resolved.append(host)
            first = len(resolved) <= 1
            address = "127.0.0.1" if host == NAME and first else host
            return real(address, port, *args, **kwargs)

        with patch("socket.getaddrinfo", rebinding):
            response = self.request(f"http://{NAME}:{receiver.port}/")
        self.assertEqual(response.status, 200)
        self.assertEqual(resolved, [NAME])

    def test_the_second_address_is_used_when_the_first_is_unreachable(self):
        receiver = self.receiver()
        with resolving_to("127.0.0.2", "127.0.0.1"):
            response = self.request(f"http://{NAME}:{receiver.port}/")
        self.assertEqual(response.status, 200)

    def test_a_self_signed_certificate_is_not_trusted(self):
        receiver = self.receiver(certificate=self.certificate())
        response = self.request(receiver.url)
        self.assertIsInstance(response.error, Untrusted)
        self.assertEqual(response.error.reason, "self-signed certificate")
        self.assertFalse(receiver.calls)

    def test_a_trusted_certificate_is_compared_with_the_name_and_not_the_address(self):
        certificate = self.certificate()
        receiver = self.receiver(certificate=certificate)
        with resolving_to("127.0.0.1"):
            response = self.request(
                f"https://{NAME}:{receiver.port}/", authorities=str(certificate)
            )
        self.assertEqual(response.status, 200, response.error)

    def test_a_trusted_certificate_of_another_name_is_refused(self):
        certificate = self.certificate("other.example.com")
        receiver = self.receiver(certificate=certificate)
        with resolving_to("127.0.0.1"):
            response = self.request(
                f"https://{NAME}:{receiver.port}/", authorities=str(certificate)
            )
        self.assertIsInstance(response.error, Untrusted)
        self.assertIn("Hostname mismatch", response.error.reason)
        self.assertFalse(receiver.calls)

    def test_a_redirect_is_not_followed(self):
        target = self.receiver()
        receiver = self.receiver(
            lambda handler: handler.answer(307, Location=target.url)
        )
        response = self.request(receiver.url)
        self.assertEqual(response.status, 307)
        self.assertFalse(response.is_success)
        self.assertFalse(target.calls)

    def test_proxies_of_the_environment_are_not_used(self):
        receiver, proxy = self.receiver(), self.receiver()
        named = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), proxy.url)
        with patch.dict("os.environ", {**named, "no_proxy": "", "NO_PROXY": ""}):
            self.assertEqual(self.request(receiver.url).status, 200)
        self.assertFalse(proxy.calls)
        self.assertEqual(len(receiver.calls), 1)

    def test_a_server_that_does_not_respond_times_out(self):
        response = self.request(self.receiver(hanging).url, read_seconds=0.3)
        self.assertIsInstance(response.error, TimedOut)
        self.assertLess(response.seconds, 2)

    def test_a_server_that_responds_byte_by_byte_times_out(self):
        response = self.request(self.receiver(trickling).url, total_seconds=0.5)
        self.assertIsInstance(response.error, TimedOut)
        self.assertLess(response.seconds, 2)

    def test_the_first_characters_of_a_long_response_are_read(self):
        receiver = self.receiver(lambda handler: handler.answer(200, b"x" * 1_000_000))
        response = self.request(receiver.url)
        self.assertEqual(response.text, "x" * 2000)

    def test_a_closed_port_is_reported_with_its_reason(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            response = self.request(f"http://127.0.0.1:{free.getsockname()[1]}/")
        self.assertIsInstance(response.error, Unreachable)
        self.assertIn("Connection refused", response.error.reason)
        self.assertTrue(response.is_unreachable)
