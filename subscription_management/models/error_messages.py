"""The errors of the billing core in the reader's language."""

import logging
from datetime import date
from decimal import Decimal

from odoo.tools import format_date, formatLang

from ..billing_core.errors import SENTENCES, Counted, InternalError, Term

_logger = logging.getLogger(__name__)


def translated(env, error):
    """Return the sentence of a `BillingError` in the language of `env`.

    An internal error is logged in full, and shown with its code only.
    """
    if isinstance(error, InternalError):
        _logger.error("Internal billing error: %s", error, exc_info=error)
        return env._(
            "This subscription could not be billed; contact support (code %s).",
            error.code,
        )
    values = {name: _shown(env, value) for name, value in error.values().items()}
    # The core marks its sentences for the export; here they are looked up.
    sentence = env._(SENTENCES[error.code])
    return sentence % values


def _shown(env, value):
    """Return a value as the reader writes it."""
    if isinstance(value, Term):
        return env._(str(value))
    if isinstance(value, Counted):
        form = env._(value.form)
        return form % value.number
    if isinstance(value, date):
        return format_date(env, value)
    if isinstance(value, Decimal):
        decimals = max(0, -value.normalize().as_tuple().exponent)
        return formatLang(env, float(value), digits=decimals)
    if isinstance(value, tuple):
        return ", ".join(_shown(env, each) for each in value)
    return value
