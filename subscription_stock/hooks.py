"""What is done once, when the addon comes to a database that is in use."""


def leave_what_runs_alone(env):
    """Deliver nothing by itself on plans that had customers before."""
    running = env["subscription.subscription"].search(
        [("state", "not in", ("draft", "cancelled", "expired"))]
    )
    running.line_ids.plan_id.delivery_policy = "none"
