from datetime import date, timedelta

import pytest

from tests.support.browser import chromium, log_in, odoo_server, visitor
from tests.support.business import add_subscriptions, open_company, open_sales
from tests.support.databases import cloned_database, close_registry, environment

TRANSLATED = (
    "base",
    "web",
    "account",
    "subscription_management",
    "subscription_usage",
)


@pytest.fixture(scope="session")
def database():
    """A small company: three customers, a plan, and a card that is not real."""
    with cloned_database() as database:
        with environment(database) as env:
            plan = open_company(env)
            env["product.product"].create({"name": "Metered Calls", "type": "service"})
            open_sales(env)
            subscriptions = add_subscriptions(env, plan, 3, lines=2)
            # Due tomorrow, so that the server's own billing leaves them alone.
            subscriptions.line_ids.closed_until = False
            for subscription in subscriptions:
                subscription.date_start = date.today() + timedelta(days=1)
        with environment(database) as env:
            # The bot's greeting would open over the page.
            env["res.users"].search([]).odoobot_state = "disabled"
            env["res.lang"]._activate_lang("he_IL")
            env["ir.module.module"].search(
                [("name", "in", TRANSLATED)]
            )._update_translations(["he_IL"])
        close_registry(database)
        yield database


@pytest.fixture(scope="session")
def address(database):
    with odoo_server(database) as url:
        yield url


@pytest.fixture
def customer_page(page):
    """The telephone of a customer, who has no account."""
    opened = visitor(page.context.browser, 390, 844)
    yield opened
    assert not opened.errors, "\n".join(opened.errors)


@pytest.fixture
def page(address):
    with chromium() as opened:
        log_in(opened, address, "admin")
        yield opened
        assert not opened.errors, "\n".join(opened.errors)
