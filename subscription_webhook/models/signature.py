"""Signatures of the Standard Webhooks specification."""

import base64
import secrets
from datetime import datetime

from standardwebhooks import Webhook

SECRET_BYTES = 32
EPOCH = datetime(1970, 1, 1)


def new_secret():
    """Return a random secret in the format of the specification."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def signed_headers(message_id, moment, body, valid_secrets):
    """Return the headers of a request, with one signature for each valid secret.

    `moment` is in UTC; it is signed, so that an old request cannot be replayed.

    >>> from datetime import datetime
    >>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    >>> headers = signed_headers("msg_1", datetime(2026, 4, 1), "{}", [secret])
    >>> headers["webhook-timestamp"], headers["webhook-signature"][:3]
    ('1775001600', 'v1,')
    """
    signatures = [
        Webhook(secret).sign(message_id, moment, body) for secret in valid_secrets
    ]
    timestamp = int((moment - EPOCH).total_seconds())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
