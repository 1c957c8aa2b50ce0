"""A customer from the rep's desk: quoted, signed, paid, grown, renewed, gone."""

import re

from tests.support.browser import call

from .test_back_office import choose, pick


def record_id(page):
    return int(re.findall(r"\d+", page.url)[-1])


def confirm(page):
    page.click("button[name=action_confirm] >> visible=true")
    page.wait_for_selector(".o_arrow_button_current:has-text('Sales Order')")


def test_a_customer_is_won_upgrades_renews_and_cancels(page, customer_page, address):
    # Quoted: the plan is proposed with the product, and the totals show it separately.
    page.goto(f"{address}/odoo/sales/new")
    choose(page, "partner_id", "Galil Bakery")
    page.locator("div[name=order_line] .o_field_x2many_list_row_add a").first.click()
    box = page.locator(
        "div[name=order_line] .o_selected_row td.o_data_cell input"
    ).first
    pick(box, "Contract Seat")
    page.wait_for_selector(".o_selected_row td[name=managed_plan_id]")
    page.locator(".o_selected_row td[name=product_uom_qty] input").fill("4")
    page.keyboard.press("Tab")
    # 4 × 30.00 a month, and 17 % tax.
    page.wait_for_selector("div[name=managed_totals]:has-text('120.00')")
    page.wait_for_selector("div[name=managed_totals]:has-text('140.40')")
    page.click("a:has-text('Other Info')")
    page.locator("div[name=require_payment] input").check()
    page.click("button.o_form_button_save")
    page.wait_for_selector("button.o_form_button_save", state="hidden")
    order = record_id(page)
    call(page, "sale.order", "action_quotation_sent", [order])
    share = call(page, "sale.order", "action_preview_sale_order", [order])["url"]

    # Signed and paid on the telephone: what is due now, and no more.
    customer_page.goto(f"{address}{share}")
    customer_page.click("a:has-text('Sign & Pay') >> nth=0")
    customer_page.wait_for_selector(".modal .o_portal_sign_submit:enabled")
    customer_page.click(".modal .o_portal_sign_submit")
    customer_page.wait_for_selector("button[name=o_payment_submit_button]")
    assert "140.40" in customer_page.inner_text("body")
    customer_page.fill("input[name=customer_input]", "4111111111111111")
    customer_page.click("button[name=o_payment_submit_button]")
    customer_page.wait_for_selector("h2:has-text('Sales Order')")

    # Served, and the invoice is paid.
    page.goto(f"{address}/odoo/sales/{order}")
    page.click("button[name=action_view_subscriptions]")
    # Beside many buttons the states fold into one.
    page.wait_for_selector(
        ".o_arrow_button_current:has-text('Active')", state="attached"
    )
    page.click("button[name=action_view_invoices]")
    page.wait_for_selector(":text('140.40')")
    subscription = call(
        page, "subscription.subscription", "search", [["order_id", "=", order]]
    )
    [moves] = call(
        page, "subscription.subscription", "read", subscription, ["invoice_ids"]
    )
    [paid] = call(
        page, "account.move", "read", moves["invoice_ids"], ["amount_residual"]
    )
    assert not paid["amount_residual"]

    # Grown from an opportunity: two seats more.
    [customer] = call(page, "res.partner", "search", [["name", "=", "Galil Bakery"]])
    [lead] = call(
        page,
        "crm.lead",
        "create",
        [{"name": "More seats", "type": "opportunity", "partner_id": customer}],
    )
    page.goto(f"{address}/odoo/crm.lead/{lead}")
    page.click("button[name=action_upsell]")
    page.locator(".modal td[name=quantity]").first.click()
    page.locator(".modal td[name=quantity] input").fill("6")
    page.keyboard.press("Tab")
    page.click(".modal button[name=action_quote] >> visible=true")
    page.wait_for_selector("td[name=managed_effect]:has-text('Quantity Change')")
    page.wait_for_selector("div[name=managed_totals]:has-text('180.00')")
    confirm(page)

    # Renewed by a quotation of the next term.
    page.goto(f"{address}/odoo/subscriptions/{subscription[0]}")
    page.click("button[name=action_renew_shown]")
    page.click(".modal button[name=action_quote] >> visible=true")
    page.wait_for_selector("td[name=price_subtotal]:has-text('180.00')")
    confirm(page)
    [term] = call(page, "subscription.subscription", "read", subscription, ["term_end"])

    # Gone: the end of the new term is signed for.
    page.goto(f"{address}/odoo/subscriptions/{subscription[0]}")
    page.click("button[name=action_cancel]")
    choose(page.locator(".modal"), "cancellation_reason_id", "Too expensive")
    page.locator(".modal label:has-text('with Notice')").click()
    page.click(".modal button[name=action_quote] >> visible=true")
    page.wait_for_selector(":text('End of')")
    confirm(page)
    [end] = call(page, "subscription.subscription", "read", subscription, ["date_end"])
    assert end["date_end"] == term["term_end"]
