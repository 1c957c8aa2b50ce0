"""Errors of webhook requests, in the user's language."""

from odoo.tools import LazyTranslate

from . import address_guard, http_client

_lt = LazyTranslate(__name__)

SENTENCES = {
    address_guard.NotAUrl: _lt(
        "“%(url)s” is not a valid URL; enter one like https://example.com/webhooks."
    ),
    address_guard.NotEncrypted: _lt(
        "“%(url)s” is not encrypted; enter a URL that begins with https://."
    ),
    address_guard.HasCredentials: _lt(
        "The URL of %(host)s contains a user name or a password; remove them: each "
        "event is signed with the webhook's secret instead."
    ),
    address_guard.NotPublic: _lt(
        "%(host)s resolves to %(address)s, which is not on the public internet; use a "
        "public address, or ask a system administrator to allow internal addresses."
    ),
    http_client.Untrusted: _lt(
        "The certificate of %(host)s is not trusted (%(reason)s); install one of a "
        "public authority."
    ),
    http_client.TimedOut: _lt(
        "%(host)s did not respond in time (%(reason)s); store the event, respond, and "
        "do the work afterwards."
    ),
    http_client.Unreachable: _lt(
        "%(host)s could not be reached (%(reason)s); check the URL, and whether the "
        "server is running."
    ),
}
"""One sentence for each class; its placeholders are the error's attributes."""


def webhook_sentence(env, error):
    """Return the message of an error, in the language of `env`."""
    sentence = env._(SENTENCES[type(error)])
    return sentence % vars(error)
