"""Why a webhook was not called, or not answered, in the user's language."""

from odoo.tools import LazyTranslate

from . import address_guard as webhook_addresses
from . import http_client as webhook_call

_lt = LazyTranslate(__name__)

SENTENCES = {
    webhook_addresses.NotAUrl: _lt(
        "“%(url)s” is no address of a server; write one like "
        "https://example.com/webhooks."
    ),
    webhook_addresses.NotEncrypted: _lt(
        "“%(url)s” is not encrypted, and anybody on the way could read it; use an "
        "address that begins with https://."
    ),
    webhook_addresses.NamesAUser: _lt(
        "The address of %(host)s carries a user or a password; leave them out: each "
        "call is signed with the webhook's secret instead."
    ),
    webhook_addresses.Inside: _lt(
        "%(host)s leads to %(address)s, which is not on the public internet; use a "
        "public address, or ask a system administrator to allow internal addresses."
    ),
    webhook_call.NotTrusted: _lt(
        "The certificate of %(host)s cannot be trusted (%(reason)s); let the server "
        "have one of a public authority."
    ),
    webhook_call.NotInTime: _lt(
        "%(host)s did not answer in time (%(reason)s); let it note the event, answer, "
        "and do the work afterwards."
    ),
    webhook_call.NotReached: _lt(
        "%(host)s could not be reached (%(reason)s); check the address, and whether "
        "the server is up."
    ),
}
"""One sentence for each class; its placeholders are the error's attributes."""


def webhook_sentence(env, error):
    """Return what is wrong and what to do, in the language of `env`."""
    sentence = env._(SENTENCES[type(error)])
    return sentence % vars(error)
