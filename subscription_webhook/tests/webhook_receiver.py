"""A product that receives events: a real server of this machine."""

import datetime
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Receiver:
    """Responds with the given answers in their order, then always with the last one.

    An answer is a status, or a function that receives the handler of the request.
    """

    def __init__(self, *answers, certificate=None):
        self.answers = list(answers) or [200]
        self.calls = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self.server.daemon_threads = True
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True
            )
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def bodies(self):
        return [body for _headers, body in self.calls]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _next_answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _make_handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                receiver.calls.append((self.headers, self.rfile.read(length)))
                answer = receiver._next_answer()
                if callable(answer):
                    return answer(self)
                return self.answer(answer)

            do_GET = do_POST

            def answer(self, status, text=b"thank you", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_args):
                """Keep the output of the tests quiet."""

        return Handler


def hanging(handler):
    """Do not respond for longer than any limit of the tests."""
    time.sleep(3)


def trickling(handler):
    """Respond byte by byte and never finish."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 60:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.1)
    except OSError:
        handler.close_connection = True


def self_signed_certificate(folder, name="product.example.com"):
    """Return the file of a key and a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
