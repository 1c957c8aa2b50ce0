"""A process of its own that works on a billing run, as the scheduled action does.

Started as `python -m tests.support.billing_worker DATABASE RUN_ID [--scheduled]`.
Prints "ready" when it begins to bill, and exits 0 when nothing is left for it. With
--scheduled the host's scheduled action does the work, with a connection of its own.
"""

import sys

from tests.support.business import work
from tests.support.databases import environment

SCHEDULED_ACTION = "subscription_management.ir_cron_continue_runs"


def main() -> None:
    database, run_id = sys.argv[1], int(sys.argv[2])
    with environment(database) as env:
        run = env["subscription.billing.run"].browse(run_id)
        env.cr.commit()
        print("ready", flush=True)
        if "--scheduled" in sys.argv:
            env.ref(SCHEDULED_ACTION).method_direct_trigger()
        else:
            work(env, run)


if __name__ == "__main__":
    main()
