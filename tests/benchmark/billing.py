"""Invoices per second of a billing run, beside the host's own plain way.

The floor is what Odoo takes to create and post the same invoices with nothing of
ours, measured in the same process on the same database.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import time
from pathlib import Path
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

FLOOR_BATCHES = (50, 100, 250)
FLOOR_SAMPLE = 1000
FIRST = 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench billing", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="due subscriptions")
    parser.add_argument("--lines", type=int, choices=(1, 2, 3), default=1)
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with cloned_database() as database:
        figures = measure(database, options.n, options.lines, options.workers)
    print(json.dumps(figures) if options.json else as_text(figures), flush=True)


def measure(database: str, n: int, lines: int, workers: int) -> dict[str, Any]:
    with environment(database) as env:
        plan = open_company(env)
    with environment(database) as env:
        floor = _floor(env, plan, min(n, FLOOR_SAMPLE), lines)
    with environment(database) as env:
        add_subscriptions(env, plan.with_env(env), n, lines)
        run_id = start_run(env).id
    ours = _run_workers(database, run_id, workers)
    with environment(database) as env:
        run = env["subscription.billing.run"].browse(run_id)
        assert run.invoice_count == n, f"{run.invoice_count} invoices instead of {n}"
        growth = _growth(run.slice_ids)
    per_invoice = 1000 * ours["seconds"] / n
    return {
        "n": n,
        "lines": lines,
        "workers": workers,
        "invoices_per_second": round(n / ours["seconds"], 1),
        "ms_per_invoice": round(per_invoice, 2),
        "queries_per_invoice": round(ours["queries"] / n, 2),
        "floor_ms_per_invoice": round(floor["ms"], 2),
        "floor_queries_per_invoice": round(floor["queries"], 2),
        "floor_batch": floor["batch"],
        "ratio": round(per_invoice / floor["ms"], 3),
        "cost_against_first_1000": round(growth, 3),
        "peak_memory_mb": round(ours["memory"]),
    }


def _floor(env: Any, plan: Any, n: int, lines: int) -> dict[str, float]:
    """Return the best time per invoice over some batch sizes, plainly."""
    products = plan.with_env(env).pricing_rule_ids.product_id.sorted("id")[:lines]
    outcomes = []
    for batch in FLOOR_BATCHES:
        partners = add_customers(env, n)
        env.cr.commit()
        queries, started = env.cr.sql_log_count, time.perf_counter()
        for offset in range(0, n, batch):
            moves = env["account.move"].create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": partner.id,
                        "invoice_date": START,
                        "invoice_line_ids": [
                            (
                                0,
                                0,
                                {
                                    "product_id": product.id,
                                    "name": product.name,
                                    "quantity": 1,
                                    "price_unit": product.list_price,
                                },
                            )
                            for product in products
                        ],
                    }
                    for partner in partners[offset : offset + batch]
                ]
            )
            moves.action_post()
            env.cr.commit()
        outcomes.append(
            {
                "ms": 1000 * (time.perf_counter() - started) / n,
                "queries": (env.cr.sql_log_count - queries) / n,
                "batch": batch,
            }
        )
    return min(outcomes, key=lambda outcome: outcome["ms"])


def _growth(slices: Any) -> float:
    """Return the median cost of an invoice over that of the first 1000 of the run.

    Both are of one run, so that the machine's speed of the moment matters little.
    """
    costs, first, billed = [], [], 0
    for done in slices.sorted("id"):
        costs.append(done.seconds / done.invoice_count)
        if billed < FIRST:
            first.append(costs[-1])
        billed += done.invoice_count
    return median(costs) / median(first)


def _run_workers(database: str, run_id: int, workers: int) -> dict[str, float]:
    """Return the time from a common start to the last worker's end.

    Each worker is a process of its own, so that its memory is the billing's alone.
    """
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(workers + 1), context.Queue()
    processes = [
        context.Process(target=_worker, args=(database, run_id, gate, answers))
        for _each in range(workers)
    ]
    for process in processes:
        process.start()
    gate.wait()
    started = time.perf_counter()
    found = [answers.get() for _each in processes]
    seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    return {
        "seconds": seconds,
        "queries": sum(queries for queries, _memory in found),
        "memory": max(memory for _queries, memory in found),
    }


def _worker(database: str, run_id: int, gate: Any, answers: Any) -> None:
    with environment(database) as env:
        run = env["subscription.billing.run"].browse(run_id)
        run.name  # noqa: B018 - load what a warm worker has loaded
        env.cr.commit()
        gate.wait()
        queries = env.cr.sql_log_count
        work(env, run)
        env.cr.commit()
        answers.put((env.cr.sql_log_count - queries, _peak_memory()))


def _peak_memory() -> float:
    """Return this process's greatest resident size so far, in MB.

    On Linux getrusage() begins with the size of the parent, so the kernel's own
    high-water mark of this program is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def as_text(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name:<28}{value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
