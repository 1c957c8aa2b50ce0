"""Milliseconds by which a run opens and advances the cases of unpaid invoices.

The reference is what Odoo takes to create and post one invoice plainly, measured in
the same process. Letters are noted by the run and written after it, so they are timed
apart.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.support.business import (
    START,
    add_customers,
    add_subscriptions,
    open_company,
    start_run,
    work,
)
from tests.support.databases import cloned_database, environment

REFERENCE = 300
BATCH = 100
FIRST = 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench dunning", description=__doc__)
    parser.add_argument("--n", type=int, default=2000, help="open invoices")
    parser.add_argument("--letters", type=int, default=100, help="letters to write")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with cloned_database() as database:
        figures = measure(database, options.n, options.letters)
    print(json.dumps(figures) if options.json else as_text(figures), flush=True)


def measure(database: str, n: int, letters: int) -> dict[str, Any]:
    with environment(database) as env:
        plan = open_company(env)
        add_policy(env)
        reference = _reference(env, plan)
    with environment(database) as env:
        subscriptions = add_subscriptions(env, plan.with_env(env), n)
        for subscription in subscriptions:
            subscription.partner_id.email = f"c{subscription.id}@example.com"
        run = start_run(env)
        work(env, run)
    with environment(database) as env:
        cases = env["subscription.dunning.case"]
        opened = _slices(env, cases._open_slice)
        queries = env.cr.sql_log_count
        advanced = _slices(env, cases._advance_slice)
        queries = env.cr.sql_log_count - queries
        waiting = env["subscription.dunning.letter"].search_count([])
        assert waiting == n, f"{waiting} letters instead of {n}"
        past_due = env["subscription.subscription"].search_count(
            [("state", "=", "past_due")]
        )
        assert past_due == n, f"{past_due} past due instead of {n}"
        again = _slices(env, cases._advance_slice)
        assert not again, "a second run did something"
        written = _slices(env, env["subscription.dunning.letter"]._send_next, letters)
    ms = _per_case(advanced)
    return {
        "n": n,
        "open_ms_per_case": round(_per_case(opened), 2),
        "advance_ms_per_case": round(ms, 2),
        "advance_queries_per_case": round(queries / n, 2),
        "reference_ms_per_invoice": round(reference, 2),
        "ratio": round(ms / reference, 3),
        "cost_against_first_1000": round(_growth(advanced), 3) if n > FIRST else None,
        "letter_ms": round(_per_case(written), 2),
    }


def add_policy(env: Any) -> None:
    """Let every invoice be reminded of twice and then suspended."""
    policies = env["subscription.dunning.policy"]
    policies.search([]).active = False
    letter = env.ref("subscription_management.mail_template_dunning_first").id
    policies.create(
        {
            "name": "Remind and suspend",
            "keeps_days_off": False,
            "hour_from": 0,
            "hour_to": 24,
            "step_ids": [
                (0, 0, {"day": day, "action": action, "template_id": letter})
                for day, action in ((3, "email"), (10, "email"), (15, "suspend"))
            ],
        }
    )


def _reference(env: Any, plan: Any) -> float:
    """Return the host's milliseconds for an invoice that is typed and posted."""
    product = plan.pricing_rule_ids.product_id[:1]
    partners = add_customers(env, REFERENCE)
    env.cr.commit()
    started = time.perf_counter()
    for offset in range(0, REFERENCE, BATCH):
        moves = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": START,
                    "invoice_line_ids": [(0, 0, {"product_id": product.id})],
                }
                for partner in partners[offset : offset + BATCH]
            ]
        )
        moves.action_post()
        env.cr.commit()
    return 1000 * (time.perf_counter() - started) / REFERENCE


def _slices(
    env: Any, step: Callable[[], Any], at_most: int | None = None
) -> list[tuple[int, float]]:
    """Return (cases, seconds) of each slice until nothing is left, with its commit."""
    found: list[tuple[int, float]] = []
    while at_most is None or sum(count for count, _seconds in found) < at_most:
        started = time.perf_counter()
        count = len(step())
        env.cr.commit()
        if not count:
            break
        found.append((count, time.perf_counter() - started))
    return found


def _per_case(slices: list[tuple[int, float]]) -> float:
    count = sum(count for count, _seconds in slices)
    return 1000 * sum(seconds for _count, seconds in slices) / count


def _growth(slices: list[tuple[int, float]]) -> float:
    """Return the median cost of a case over that of the first 1000 of the run."""
    costs, first, done = [], [], 0
    for count, seconds in slices:
        costs.append(seconds / count)
        if done < FIRST:
            first.append(costs[-1])
        done += count
    return median(costs) / median(first)


def as_text(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:<28}{value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
