"""Which addresses webhooks call, and how one call goes."""

import socket
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase, tagged
from odoo.tests.common import _super_send

from ...models.webhooks.address_guard import (
    AddressRefused,
    Inside,
    NamesAUser,
    NotAUrl,
    NotEncrypted,
    check_url,
    is_public,
)
from ...models.webhooks.http_client import (
    NotInTime,
    NotReached,
    NotTrusted,
    post,
    signature,
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
    # An address of IPv4, as a network without IPv4 reaches it.
    "64:ff9b::5db8:d70e",
)
INSIDE = (
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
    "https://user@example.com/": NamesAUser,
    "https://user:password@example.com/": NamesAUser,
    "https://@example.com/": NamesAUser,
    "https://localhost/": Inside,
    "https://LOCALHOST./": Inside,
    "https://api.localhost/": Inside,
    "https://intranet/": Inside,
    "https://printer.local/": Inside,
    "https://metadata.google.internal/": Inside,
    "https://127.0.0.1/": Inside,
    "https://127.1/": Inside,
    "https://2130706433/": Inside,
    "https://0x7f.1/": Inside,
    "https://0177.0.0.1/": Inside,
    "https://[::1]/": Inside,
    "https://[::ffff:10.0.0.1]:8443/": Inside,
    "https://10.1.2.3:8069/hook": Inside,
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
    """Let the name of the product stand for some addresses.

    The domain name system is out of a test's reach; all the rest is as it is.
    """
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
    def test_what_is_on_the_public_internet_is_called(self):
        for address in PUBLIC:
            with self.subTest(address):
                self.assertTrue(is_public(address))

    def test_what_is_inside_any_network_is_not(self):
        for address in INSIDE:
            with self.subTest(address):
                self.assertFalse(is_public(address))

    def test_a_url_is_refused_by_what_can_be_read_from_it(self):
        for url, reason in REFUSED_URLS.items():
            with self.subTest(url), self.assertRaises(AddressRefused) as refused:
                check_url(url)
            self.assertIs(type(refused.exception), reason, url)

    def test_a_url_of_a_public_service_is_accepted(self):
        for url in ACCEPTED_URLS:
            with self.subTest(url):
                check_url(url)

    def test_where_internal_addresses_are_allowed_users_in_urls_are_not(self):
        check_url("http://127.0.0.1:8080/hook", allows_internal=True)
        check_url("https://intranet/hook", allows_internal=True)
        for url in ("http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://"):
            with self.subTest(url), self.assertRaises(AddressRefused):
                check_url(url, allows_internal=True)


@tagged("post_install", "-at_install")
class TestWebhookCall(BaseCase):
    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        # The host lets tests call this machine only, and knows it by two names.
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

    def call(self, url, allows_internal=True, **options):
        return post(url, b"{}", {"X": "1"}, allows_internal=allows_internal, **options)

    def test_a_body_is_posted_as_it_is_and_its_answer_read(self):
        receiver = self.receiver(201)
        answer = post(
            receiver.url, "{é}".encode(), {"X-Own": "1"}, allows_internal=True
        )
        [(headers, body)] = receiver.calls
        self.assertEqual(body, "{é}".encode())
        self.assertEqual(headers["X-Own"], "1")
        self.assertEqual((answer.status, answer.text), (201, "thank you"))
        self.assertTrue(answer.is_success)

    def test_a_name_is_called_by_its_address_with_its_own_host(self):
        receiver = self.receiver()
        with resolving_to("127.0.0.1"):
            answer = self.call(f"http://{NAME}:{receiver.port}/hook")
        self.assertEqual(answer.status, 200)
        self.assertEqual(receiver.calls[0][0]["Host"], f"{NAME}:{receiver.port}")

    def test_a_name_that_stands_for_an_internal_address_is_not_called(self):
        receiver = self.receiver()
        for addresses in (["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"]):
            with self.subTest(addresses), resolving_to(*addresses):
                answer = self.call(f"https://{NAME}:{receiver.port}/", False)
                self.assertIsInstance(answer.error, Inside)
                self.assertEqual(answer.error.host, NAME)
        self.assertFalse(receiver.calls)

    def test_a_name_is_looked_up_once_so_that_it_cannot_become_another_address(self):
        receiver = self.receiver()
        looked_up = []
        real = socket.getaddrinfo

        def rebinding(host, port, *args, **kwargs):
            if host == NAME:
                looked_up.append(host)
            first = len(looked_up) <= 1
            address = "127.0.0.1" if host == NAME and first else host
            return real(address, port, *args, **kwargs)

        with patch("socket.getaddrinfo", rebinding):
            answer = self.call(f"http://{NAME}:{receiver.port}/")
        self.assertEqual(answer.status, 200)
        self.assertEqual(looked_up, [NAME])

    def test_another_address_is_tried_where_the_first_does_not_answer(self):
        receiver = self.receiver()
        with resolving_to("127.0.0.2", "127.0.0.1"):
            answer = self.call(f"http://{NAME}:{receiver.port}/")
        self.assertEqual(answer.status, 200)

    def test_a_certificate_that_nobody_vouches_for_is_not_trusted(self):
        receiver = self.receiver(certificate=self.certificate())
        answer = self.call(receiver.url)
        self.assertIsInstance(answer.error, NotTrusted)
        self.assertEqual(answer.error.reason, "self-signed certificate")
        self.assertFalse(receiver.calls)

    def test_a_trusted_certificate_is_compared_with_the_name_and_not_the_address(self):
        certificate = self.certificate()
        receiver = self.receiver(certificate=certificate)
        with resolving_to("127.0.0.1"):
            answer = self.call(
                f"https://{NAME}:{receiver.port}/", authorities=str(certificate)
            )
        self.assertEqual(answer.status, 200, answer.error)

    def test_a_trusted_certificate_of_another_name_is_refused(self):
        certificate = self.certificate("other.example.com")
        receiver = self.receiver(certificate=certificate)
        with resolving_to("127.0.0.1"):
            answer = self.call(
                f"https://{NAME}:{receiver.port}/", authorities=str(certificate)
            )
        self.assertIsInstance(answer.error, NotTrusted)
        self.assertIn("Hostname mismatch", answer.error.reason)
        self.assertFalse(receiver.calls)

    def test_a_redirect_is_not_followed(self):
        target = self.receiver()
        receiver = self.receiver(
            lambda handler: handler.answer(307, Location=target.url)
        )
        answer = self.call(receiver.url)
        self.assertEqual(answer.status, 307)
        self.assertFalse(answer.is_success)
        self.assertFalse(target.calls)

    def test_proxies_of_the_environment_are_not_used(self):
        receiver, proxy = self.receiver(), self.receiver()
        named = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), proxy.url)
        with patch.dict("os.environ", {**named, "no_proxy": "", "NO_PROXY": ""}):
            self.assertEqual(self.call(receiver.url).status, 200)
        self.assertFalse(proxy.calls)
        self.assertEqual(len(receiver.calls), 1)

    def test_who_does_not_answer_is_not_waited_for(self):
        answer = self.call(self.receiver(hanging).url, read_seconds=0.3)
        self.assertIsInstance(answer.error, NotInTime)
        self.assertLess(answer.seconds, 2)

    def test_who_answers_byte_by_byte_is_hung_up_on(self):
        answer = self.call(self.receiver(trickling).url, whole_seconds=0.5)
        self.assertIsInstance(answer.error, NotInTime)
        self.assertLess(answer.seconds, 2)

    def test_of_a_long_answer_the_beginning_is_read(self):
        receiver = self.receiver(lambda handler: handler.answer(200, b"x" * 1_000_000))
        answer = self.call(receiver.url)
        self.assertEqual(answer.text, "x" * 2000)

    def test_where_nobody_listens_the_reason_is_told(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            answer = self.call(f"http://127.0.0.1:{free.getsockname()[1]}/")
        self.assertIsInstance(answer.error, NotReached)
        self.assertIn("Connection refused", answer.error.reason)
        self.assertTrue(answer.is_out_of_service)

    def test_the_signature_has_a_proof_for_each_secret(self):
        header = signature(b'{"id": "1"}', 1775898000, ["new", "old"])
        self.assertEqual(
            header,
            "t=1775898000"
            ",v1=80d3ab0a21a32b18ad0db63aff0f58de84c827ff8f4743b19786a925f659f332"
            ",v1=c23ce035b32a7553a32a0e79317487cb80233967b067bd815e26bb77cf0c6a39",
        )
