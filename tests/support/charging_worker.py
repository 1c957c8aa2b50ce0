"""A process of its own that charges and chases, as the scheduled action does.

Started as `python -m tests.support.charging_worker DATABASE STRIPE [METHOD]`. STRIPE is
the address that stands for Stripe's. With METHOD the process dies at once, as by
kill -9, when it comes to that step of a charge.
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
            patch.object(type(env["payment.transaction"]), method, die).start()
        charge_at(env, stripe).start()
        # Not by the scheduled action, which the host gives to one process at a time.
        env["subscription.dunning.case"]._cron_collect()


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
