"""The back office as its users work with it."""

import pytest

ACTION = "subscription_management.subscription_{}_action"
SCREENS = (
    "subscriptions",
    "subscriptions?view_type=kanban",
    "subscriptions?view_type=calendar",
    "subscriptions?view_type=pivot",
    "subscriptions?view_type=graph",
    *(
        "action-" + ACTION.format(name)
        for name in (
            "plan",
            "pricing_rule",
            "billing_run",
            "billed_period",
            "change",
            "cancellation_reason",
            "line",
            "dunning_case",
            "dunning_recovery",
            "dunning_policy",
            "payment_method",
        )
    ),
    "action-subscription_webhook.subscription_webhook_action",
    "action-subscription_webhook.subscription_webhook_delivery_action",
    "action-subscription_crm.subscription_opportunity_rule_action",
    "action-subscription_usage.subscription_usage_event_action",
    "action-subscription_usage.subscription_meter_action",
)


def choose(where, field, text):
    """Pick a record by typing into a many2one field of a page or a part of it."""
    box = where.locator(f"div[name={field}] input").first
    box.click()
    pick(box, text)


def pick(box, text):
    """Type into the open box of a many2one field, and take the first record found."""
    page = box.page

    def is_answer(response):
        asked = response.request.post_data or ""
        return "name_search" in response.url and text in asked

    # An answer that comes after the click would open the list again.
    with page.expect_response(is_answer):
        box.fill(text)
    page.locator(".o-autocomplete--dropdown-item", has_text=text).first.click()


def test_a_subscription_is_created_activated_and_invoiced(page, address):
    page.goto(f"{address}/odoo/subscriptions/new")
    choose(page, "partner_id", "Customer 000001")
    choose(page, "plan_id", "Monthly")
    page.locator("div[name=line_ids] .o_field_x2many_list_row_add a").first.click()
    choose(page, "product_id", "Service 2")
    page.wait_for_selector("td[name=interval_label]:has-text('Monthly')")
    page.locator("td[name=quantity] input").fill("4")
    page.keyboard.press("Tab")
    # People see the amount before they press the button.
    page.wait_for_selector("td[name=period_amount]:has-text('128.00')")
    page.click("button[name=action_activate]")
    page.wait_for_selector(".o_arrow_button_current:has-text('Active')")
    page.click("button[name=action_create_invoice]")
    # 4 × 32.00 and 17 % tax.
    page.wait_for_selector(".modal td:has-text('149.76')")
    page.click("button[name=action_bill]")
    page.wait_for_selector("div[name=state] :text('Posted')")
    assert "128.00" in page.locator("div[name=invoice_line_ids]").inner_text()
    printed = page.request.get(
        f"{address}/report/pdf/account.report_invoice_with_payments/"
        + page.url.rstrip("/").split("/")[-1]
    )
    assert printed.body().startswith(b"%PDF"), printed.text()[:300]
    page.click("button[name=action_view_managed_subscriptions]")
    page.wait_for_selector("button[name=action_view_invoices]:has-text('1')")


def test_usage_is_recorded_and_billed(page, address):
    page.goto(f"{address}/odoo/action-subscription_usage.subscription_meter_action/new")
    page.locator("div[name=name] input").fill("Calls")
    page.click("button.o_form_button_save")
    page.goto(f"{address}/odoo/action-{ACTION.format('pricing_rule')}/new")
    choose(page, "plan_id", "Monthly")
    choose(page, "product_id", "Metered Calls")
    choose(page, "meter_id", "Calls")
    page.locator("div[name=price] input").fill("2.5")
    # A first price has nothing to ask: one click saves it, and lets it count.
    page.click("button[name=action_publish]")
    page.wait_for_selector("button[name=action_new_version]")
    page.goto(f"{address}/odoo/subscriptions/new")
    choose(page, "partner_id", "Customer 000003")
    choose(page, "plan_id", "Monthly")
    page.locator("div[name=line_ids] .o_field_x2many_list_row_add a").first.click()
    choose(page, "product_id", "Metered Calls")
    page.wait_for_selector("td[name=interval_label]:has-text('Monthly')")
    page.keyboard.press("Tab")
    page.click("button[name=action_activate]")
    page.wait_for_selector(".o_arrow_button_current:has-text('Active')")
    page.click("button[name=action_view_usage]")
    page.click("button.o_list_button_add")
    choose(page, "meter_id", "Calls")
    page.locator("div[name=quantity] input").fill("8")
    page.click("button.o_form_button_save")
    page.wait_for_selector("button[name=action_reverse]")
    page.click(".o_breadcrumb a:has-text('Usage')")
    page.wait_for_selector("td[name=quantity]:has-text('8')")
    page.click(".o_breadcrumb a:has-text('SUB0')")
    page.wait_for_selector("td[name=used_quantity]:has-text('8')")


def test_a_price_in_use_is_locked_and_offers_a_new_version(page, address):
    page.goto(f"{address}/odoo/action-{ACTION.format('pricing_rule')}")
    page.click(".o_data_row:has-text('Service 2') td[name=product_id]")
    page.wait_for_selector(".alert:has-text('so its terms cannot be changed')")
    assert not page.locator("div[name=price] input").count()
    page.click(".alert button[name=action_new_version]")
    page.wait_for_selector(".alert:has-text('bills no customer')")
    page.locator("div[name=price] input").fill("40")
    page.click("button[name=action_publish]")
    page.click(".modal label:has-text('at Renewal')")
    page.click(".modal button[name=action_confirm]")
    page.wait_for_selector(".o_arrow_button_current:has-text('Published')")


def test_a_dry_run_refreshes_until_its_end(page, address):
    page.goto(f"{address}/odoo/action-{ACTION.format('billing_run')}/new")
    page.locator("div[name=target_date]").click()
    day = page.locator("div[name=target_date] input")
    day.fill("+40d")
    day.press("Tab")
    page.locator("div[name=is_dry_run] input").check()
    page.click("button[name=action_start]")
    page.wait_for_selector(".o_arrow_button_current:has-text('Done')", timeout=120_000)
    page.wait_for_selector("div[name=forecast_ids] td:has-text('Customer 000002')")


@pytest.fixture(params=["en_US", "he_IL"])
def language(request, page, address):
    """The language that the user speaks; English again for the next test."""
    speak(page, address, request.param)
    yield request.param
    speak(page, address, "en_US")


@pytest.mark.parametrize("width", [1400, 390])
def test_every_screen_opens_without_an_error(page, address, width, language):
    page.set_viewport_size({"width": width, "height": 900})
    for path in SCREENS:
        page.goto(f"{address}/odoo/{path}")
        page.wait_for_selector(".o_view_controller .o_content")
        assert not page.locator(".o_error_dialog").count(), path
    page.goto(f"{address}/odoo/subscriptions")
    page.click(
        ".o_data_row .o_data_cell[name=name], .o_kanban_record:has-text('Customer')"
    )
    page.wait_for_selector(".o_form_view .o_notebook")
    for tab in page.locator(".o_notebook_headers a").all():
        tab.click()
    right_to_left = page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert right_to_left == (language == "he_IL")
    if language == "he_IL":
        assert "מסלול" in page.locator(".o_form_view").inner_text()
    # Nothing is wider than the screen: no sideways scrolling of the page.
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def speak(page, address, language):
    """Let the user speak a language from the next page on."""
    page.goto(f"{address}/odoo")
    page.evaluate(
        """async (lang) => {
            const answer = await fetch("/web/dataset/call_kw/res.users/write", {
                method: "POST",
                headers: {"Content-Type": "application/json"},
                body: JSON.stringify({
                    jsonrpc: "2.0", method: "call",
                    params: {model: "res.users", method: "write",
                             args: [[2], {lang}], kwargs: {}},
                }),
            });
            const {error} = await answer.json();
            if (error) throw new Error(error.data.message);
        }""",
        language,
    )
    # The session learns it while it loads a page.
    page.goto(f"{address}/odoo")
