"""Run the scheduled billing of today and print what it billed."""

import time


def bill(env):
    """Run the scheduled action as the server does and return the day's run."""
    started = time.perf_counter()
    env.ref("subscription_management.ir_cron_bill_due").method_direct_trigger()
    seconds = time.perf_counter() - started
    # The action committed with a connection of its own: read the database again.
    env.cr.commit()
    env.invalidate_all()
    today = env.company._subscription_today()
    run = env["subscription.billing.run"].search(
        [("is_scheduled", "=", True), ("target_date", "=", today)], limit=1
    )
    return run, seconds


def show(run, seconds):
    rows = [("Customer", "Plan", "Period", "Amount", "Invoice")]
    for line in run.invoice_ids.sorted("name").invoice_line_ids:
        subscribed = line.managed_subscription_line_id
        last_day = line.managed_billed_period_ids.last_day
        rows.append(
            (
                line.partner_id.name,
                subscribed.plan_id.name,
                f"{line.managed_period_start} – {last_day}",
                line.currency_id.format(line.price_subtotal).replace("\xa0", " "),
                line.move_id.name,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
    totals = run.totals.replace("\xa0", " ")
    print(
        f"\n{run.name}: {run.invoice_count} invoices of {run.subscription_count} "
        f"subscriptions, {totals} with taxes, {run.failure_count} errors, "
        f"{seconds:.1f} s"
    )


run, seconds = bill(env)  # noqa: F821 - the shell's
if run:
    print(f"\nBilled on {run.target_date}:\n")
    show(run, seconds)
else:
    print("\nNothing is due today.")
env.cr.commit()  # noqa: F821
