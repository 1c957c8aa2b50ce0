"""Subscriptions are billed and changed after a bridge was uninstalled."""

import pytest

from tests.support.business import START, add_subscriptions, open_company
from tests.support.databases import environment, plain_cursor

USED_BY = {
    "subscription_webhook": ["subscription_webhook"],
    "subscription_crm": ["subscription_crm", "subscription_usage_crm"],
}
"""A bridge, and the addons that are uninstalled with it."""


@pytest.fixture
def subscription(odoo_database):
    """Return the id of a subscription that both bridges have worked with."""
    with environment(odoo_database) as env:
        env["subscription.webhook"].create(
            {"name": "Product", "url": "https://product.example/hook"}
        )
        subscription = add_subscriptions(env, open_company(env), 1)
        subscription.line_ids.seats_used = 1
        env["subscription.subscription"]._cron_find_opportunities()
        assert subscription.opportunity_finding_ids
        env.cr.flush()
        assert subscription.webhook_delivery_ids
        return subscription.id


def uninstall(database, addon):
    with environment(database) as env:
        module = env["ir.module.module"].search([("name", "=", addon)])
        module.button_immediate_uninstall()


def columns(database, table):
    with plain_cursor(database) as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
            (table,),
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("addon", sorted(USED_BY))
def test_the_rest_works_after_a_bridge_is_uninstalled(
    odoo_database, subscription, addon
):
    uninstall(odoo_database, addon)
    with environment(odoo_database) as env:
        states = env["ir.module.module"].search([("name", "in", USED_BY[addon])])
        assert set(states.mapped("state")) == {"uninstalled"}
        kept = env["subscription.subscription"].browse(subscription)
        day = max(START, kept._today())
        kept.change_quantity(kept._lines_to_change(day), 3, day)
        kept.suspend()
        kept.reactivate()
    run_scheduled_actions(odoo_database)
    with environment(odoo_database) as env:
        kept = env["subscription.subscription"].browse(subscription)
        assert set(kept.invoice_ids.mapped("state")) == {"posted"}
        assert not kept.activity_ids
        kept._end_on(kept._today())
        assert kept.state == "cancelled"
    fields = {"webhook_snapshot", "opportunities_checked_on"}
    left = fields & columns(odoo_database, "subscription_subscription")
    assert len(left) == len(fields) - 1


def run_scheduled_actions(database):
    """Run each of our scheduled actions once."""
    with environment(database) as env:
        crons = env["ir.cron"].search([("code", "like", "model._cron_")])
        ours = crons.filtered(lambda cron: cron.model_id.model.startswith("subscr"))
        assert ours
        for cron in ours:
            cron.method_direct_trigger()
