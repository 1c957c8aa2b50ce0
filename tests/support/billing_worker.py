"""A process of its own that works on a billing run, as the scheduled action does.

Started as `python -m tests.support.billing_worker DATABASE RUN_ID`. Prints "ready"
when it begins to bill, and exits 0 when nothing is left for it.
"""

import sys

from tests.support.business import work
from tests.support.databases import environment


def main() -> None:
    database, run_id = sys.argv[1], int(sys.argv[2])
    with environment(database) as env:
        run = env["subscription.billing.run"].browse(run_id)
        env.cr.commit()
        print("ready", flush=True)
        work(env, run)


if __name__ == "__main__":
    main()
