"""Money that comes in late, at an accountant's desk and on a customer's telephone."""

import re
import time
import uuid
from datetime import date, timedelta

import pytest

from tests.support.browser import call, log_in
from tests.support.business import start_run, work
from tests.support.databases import environment

WAITED = 30_000
CASE = "subscription.dunning.case"


@pytest.fixture
def case(database, address):
    """The id of an unpaid invoice whose policy writes and suspends at once."""
    name = f"Hermon {uuid.uuid4().hex[:6]}"
    with environment(database) as env:
        customer = env["res.partner"].create(
            {"name": name, "email": "hermon@example.com"}
        )
        letter = env.ref("subscription_management.mail_template_dunning_first")
        env["subscription.dunning.policy"].create(
            {
                "name": f"Strict for {name}",
                "partner_ids": [(6, 0, customer.ids)],
                "past_due_day": 0,
                "keeps_days_off": False,
                "hour_from": 0,
                "hour_to": 24,
                "step_ids": [
                    (0, 0, {"day": 0, "action": "email", "template_id": letter.id}),
                    (0, 0, {"day": 0, "action": "suspend"}),
                    (0, 0, {"day": 30, "action": "cancel"}),
                ],
            }
        )
        plan = env["subscription.plan"].search([("name", "=", "Monthly")], limit=1)
        product = env["product.product"].search([("name", "=", "Service 1")])
        subscription = env["subscription.subscription"].create(
            {
                "partner_id": customer.id,
                "plan_id": plan.id,
                "line_ids": [(0, 0, {"product_id": product.id})],
            }
        )
        subscription.action_activate()
        work(env, start_run(env, date.today()))
        customer_id = customer.id
    return suspended_case(database, customer_id)


def suspended_case(database, customer_id):
    """Collect until the customer's case is suspended: the server collects as well."""
    deadline = time.monotonic() + WAITED / 1000
    while time.monotonic() < deadline:
        with environment(database) as env:
            env[CASE]._cron_collect()
            case = env[CASE].search(
                [
                    ("partner_id", "=", customer_id),
                    ("stage", "=", "suspend"),
                    ("letter_ids.state", "=", "sent"),
                ]
            )
            if case:
                return case.id
        time.sleep(0.5)
    raise AssertionError("the customer is not suspended")


def read(page, case, *names):
    """Return what people see of a case."""
    [values] = call(page, CASE, "read", [case], list(names))
    return values


def wait_for(page, case, **expected):
    """Wait until the server's own scheduled action has done its part."""
    for _time in range(WAITED // 500):
        values = read(page, case, *expected)
        if all(values[name] == value for name, value in expected.items()):
            return
        page.wait_for_timeout(500)
    raise AssertionError(values)


def open_case(page, address, case):
    page.goto(f"{address}/odoo/{CASE}/{case}")
    page.wait_for_selector(".o_form_view div[name=timeline]")


def service_of(page, case):
    [subscription] = read(page, case, "subscription_ids")["subscription_ids"]
    [values] = call(
        page, "subscription.subscription", "read", [subscription], ["state"]
    )
    return values["state"]


def pay(customer_page, *, save):
    """Pay with the card that is not real, on the page that is open."""
    customer_page.wait_for_selector("button[name=o_payment_submit_button]")
    customer_page.fill("input[name=customer_input]", "4111111111111111")
    saving = customer_page.locator("input[name=o_payment_tokenize_checkbox]")
    if save and saving.is_visible():
        saving.check()
    customer_page.click("button[name=o_payment_submit_button]")


def test_a_letter_is_paid_by_its_link_on_a_telephone(
    page, customer_page, address, case
):
    assert service_of(page, case) == "suspended"
    letters = read(page, case, "message_ids")["message_ids"]
    bodies = call(page, "mail.message", "read", letters, ["body"])
    links = re.findall(
        r'href="([^"]*portal_pay)"', " ".join(letter["body"] for letter in bodies)
    )
    path = links[0].replace("&amp;", "&").split("/my/")[1]
    customer_page.goto(f"{address}/my/{path}")
    pay(customer_page, save=True)
    customer_page.wait_for_selector(".badge:has-text('Paid')")
    assert customer_page.evaluate("document.documentElement.scrollWidth") <= 390
    wait_for(page, case, state="paid", amount_open=0)
    assert service_of(page, case) == "active"


def test_an_unknown_charge_is_resolved_with_one_click(page, address, database, case):
    with environment(database) as env:
        charged = env[CASE].browse(case)
        save_card(env, charged.partner_id)
        # A worker records a charge, sends it, and stops.
        charge = charged._record_next_charge()
        assert charge.managed_case_id == charged
        charge.managed_sent_at -= timedelta(hours=1)
        env[CASE]._conclude_stale_charges()
    move = read(page, case, "move_id")["move_id"][0]
    page.goto(f"{address}/odoo/account.move/{move}")
    page.wait_for_selector(".alert-danger:has-text('is unknown')")
    page.click("button:has-text('Resolve')")
    page.click("button[name=action_check_provider]")
    page.wait_for_selector(".alert-danger:has-text('cannot be queried from here')")
    page.click("button[name=action_mark_succeeded]")
    page.click(".modal button:has-text('Ok')")
    page.wait_for_selector(".o_arrow_button_current:has-text('Paid')")
    wait_for(page, case, state="paid", outcome="paid", amount_open=0)
    assert service_of(page, case) == "active"


def test_a_card_saved_in_the_portal_pays_the_open_amount(
    page, customer_page, address, database, case
):
    login = f"hermon-{uuid.uuid4().hex[:6]}"
    with environment(database) as env:
        env["res.users"].create(
            {
                "name": "Hermon",
                "login": login,
                "password": login,
                "partner_id": env[CASE].browse(case).partner_id.id,
                "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
            }
        )
    log_in(customer_page, address, login)
    customer_page.goto(f"{address}/my/payment_method")
    pay(customer_page, save=True)
    wait_for(page, case, state="paid", outcome="paid", amount_open=0)
    assert service_of(page, case) == "active"


def test_a_promise_is_recorded_and_resumed(page, address, case):
    open_case(page, address, case)
    page.click(".o_form_statusbar button:has-text('Hold Dunning')")
    page.fill(".modal div[name=reason] input", "Paid on Sunday")
    page.click(".modal button:has-text('Hold Dunning')")
    page.wait_for_selector(".alert-info:has-text('Paid on Sunday')")
    assert read(page, case, "hold")["hold"] == "promised"
    page.click("button[name=action_resume]")
    page.wait_for_selector(".alert-info", state="hidden")
    page.click("button[name=action_skip_step]")
    page.wait_for_selector("div[name=timeline]:has-text('Skipped')")
    assert read(page, case, "next_step")["next_step"].startswith("No step left")


def test_a_policy_is_designed_on_its_timeline(page, address):
    page.goto(f"{address}/odoo/subscription.dunning.policy/new")
    page.fill("div[name=name] input, div[name=name] textarea", "Patient")
    page.click("button.o_form_button_save")
    page.wait_for_selector(".modal, .o_notification")
    assert "step" in page.locator(".modal, .o_notification").first.inner_text()
    page.click(".modal .btn-primary, .o_notification_close")
    page.click("div[name=step_ids] .o_field_x2many_list_row_add a")
    page.fill(".o_selected_row td[name=day] input", "20")
    page.click(".o_selected_row td[name=action] .o_select_menu_toggler")
    page.click(".o_select_menu_item:has-text('Suspend')")
    page.keyboard.press("Tab")
    page.wait_for_selector("div[name=timeline]:has-text('Day 20')")
    page.click("button.o_form_button_save")
    page.wait_for_selector("button.o_form_button_save", state="hidden")
    assert "Suspend" in page.locator("div[name=timeline]").inner_text()


def save_card(env, customer):
    """Save a card of the customer that pays."""
    provider = env.ref("payment.payment_provider_demo")
    env["payment.token"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": provider.with_context(active_test=False)
            .payment_method_ids[:1]
            .id,
            "payment_details": "4242",
            "partner_id": customer.id,
            "provider_ref": "demo",
            "demo_simulated_state": "done",
        }
    )
