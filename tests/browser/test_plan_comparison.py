"""Plans are compared in a dialog, on wide and on narrow screens."""

import pytest

COPY_PLAN = """async () => {
    const call = async (method, args, kwargs) => {
        const answer = await fetch(`/web/dataset/call_kw/subscription.plan/${method}`, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({
                jsonrpc: "2.0", method: "call",
                params: {model: "subscription.plan", method, args, kwargs},
            }),
        });
        const {result, error} = await answer.json();
        if (error) throw new Error(error.data.message);
        return result;
    };
    const [plan] = await call("search", [[["name", "=", "Monthly"]]], {limit: 1});
    if (!(await call("search_count", [[["name", "=", "Like It"]]], {}))) {
        await call("copy", [[plan]], {default: {name: "Like It"}});
    }
}"""


@pytest.mark.parametrize("width", [1400, 390])
def test_one_click_compares_plans_and_another_one_quotes(page, address, width):
    page.goto(f"{address}/odoo")
    page.evaluate(COPY_PLAN)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}/odoo/subscriptions")
    # A customer that no other test changes.
    page.click(
        ".o_data_row:has-text('Customer 000000') .o_data_cell[name=name], "
        ".o_kanban_record:has-text('Customer 000000')"
    )
    page.click("button[name=action_compare_plans]")
    page.wait_for_selector(".modal div[name=chart] svg")
    assert "Present plan" in page.locator(".modal").inner_text()
    assert page.evaluate("document.querySelector('.modal-body').scrollWidth") <= width
    # The clicked row stays, although the click compares other periods first.
    page.locator(".modal div[name=periods] input").fill("2")
    page.locator(".modal button[name=action_quote]").first.click()
    page.wait_for_selector("div[name=order_line] :text('Like It')")
