"""A process of its own that charges and executes dunning steps.

Started as `python -m tests.support.charging_worker DATABASE STRIPE [METHOD]`. STRIPE is
the address that stands for Stripe's. With METHOD the process dies at once, as by
kill -9, when it comes to that stage of a charge.
"""

import os
import signal
import sys
from unittest.mock import patch
from urllib.parse import urljoin

from tests.support.databases import environment


def main() -> None:
    database, stripe, *methods = sys.argv[1:]
    with environment(database) as env:
        for method in methods:
            patch.object(owner_of(env, method), method, die).start()
        charge_at(env, stripe).start()
        # Directly: the host runs a scheduled action in one process at a time.
        env["subscription.dunning.case"]._cron_collect()


def owner_of(env: object, method: str) -> type:
    """Return the class of a charge's stage: the attempt's, or the host's."""
    from odoo.addons.subscription_management.models.payments.charge import (
        ChargeAttempt,
    )

    if hasattr(ChargeAttempt, method):
        return ChargeAttempt
    return type(env["payment.transaction"])


def charge_at(env: object, stripe: str) -> object:
    """Return the patch by which the host's Stripe provider calls another address."""
    return patch.object(
        type(env["payment.provider"]),
        "_build_request_url",
        lambda _provider, endpoint, **_options: urljoin(stripe, endpoint),
    )


def die(*_arguments: object, **_options: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
