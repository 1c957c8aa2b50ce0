"""People of the company, and the billing and payments of the months before today."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time

DUNNING_DAYS = timedelta(days=70)
"""Days before today in which unpaid customers get reminders, twice a week."""
SUNDAY, WEDNESDAY = 6, 2


def add_people(env):
    groups = {
        "accountant": (
            "Avi Cohen",
            ["account.group_account_manager"],
        ),
        "sales": (
            "Maya Peretz",
            [
                "subscription_management.group_subscription_all",
                "sales_team.group_sale_salesman",
            ],
        ),
    }
    people = {}
    for login, (name, xmlids) in groups.items():
        people[login] = env["res.users"].create(
            {
                "name": name,
                "login": login,
                "password": login,
                "email": f"{login}@tavor.example",
                "tz": "Asia/Jerusalem",
                "group_ids": [
                    (4, env.ref(xmlid).id) for xmlid in ["base.group_user", *xmlids]
                ],
            }
        )
    customer = env["res.partner"].create(
        {
            "name": "Dana Amir",
            "email": "dana@galil-bakery.example",
            "parent_id": env.ref("subscription_management.customer_galil").id,
        }
    )
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "login": "portal",
            "password": "portal",
            "partner_id": customer.id,
            "group_ids": [(6, 0, [env.ref("base.group_portal").id])],
        }
    )
    return people


def live_until_yesterday(env, today):
    """Bill each day of the past months, and let customers pay after a while.

    In the last weeks those who have not paid are reminded.
    """
    day = today - relativedelta(months=14)
    while day < today:
        values = {"target_date": day, "company_ids": [(6, 0, env.company.ids)]}
        if env["subscription.billing.run"].new(values)._count_due():
            run = env["subscription.billing.run"].create(values)
            run._start()
            while not run._work(lambda _handled: 60):
                pass
        if day > today - DUNNING_DAYS and day.weekday() in (SUNDAY, WEDNESDAY):
            with freeze_time(f"{day} 09:00:00"):
                pay_old_invoices(env, day)
                env["subscription.dunning.case"]._cron_collect()
        day += timedelta(days=1)


def pay_old_invoices(env, today):
    """Register payments, so that a few customers are late and the others are not."""
    late = env.ref("subscription_management.customer_arava")
    invoices = env["account.move"].search(
        [
            ("managed_billing_run_id", "!=", False),
            ("state", "=", "posted"),
            ("payment_state", "=", "not_paid"),
            ("partner_id", "!=", late.id),
        ]
    )
    for invoice in invoices:
        # Everybody takes some time, one customer more than another.
        paid_on = invoice.invoice_date + timedelta(days=2 + invoice.partner_id.id % 16)
        if paid_on < today:
            env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"payment_date": paid_on}).action_create_payments()


def save_cards(env):
    """Let some customers have a saved card: one pays, one does not, one takes long."""
    provider = env.ref("payment.payment_provider_demo")
    answers = {
        "galil": ("4242", "done"),
        "hermon": ("0341", "error"),
        "berlin": ("9995", "pending"),
    }
    for name, (digits, state) in answers.items():
        env["payment.token"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": provider.payment_method_ids[:1].id,
                "payment_details": digits,
                "partner_id": env.ref(f"subscription_management.customer_{name}").id,
                "provider_ref": f"demo-{name}",
                "demo_simulated_state": state,
            }
        )


def rest_on_the_sabbath(env):
    """Work from Sunday to Thursday, as the country does."""
    fridays = env.company.resource_calendar_id.attendance_ids.filtered(
        lambda row: row.dayofweek == "4"
    )
    fridays.dayofweek = "6"


people = add_people(env)  # noqa: F821 - the shell's
# The host's chat robot would cover the screens that are to be seen.
env["res.users"].search([]).odoobot_state = "disabled"  # noqa: F821
# The demo data counts from the day in UTC, which near midnight is another one.
today = min(env.company._subscription_today(), date.today())  # noqa: F821
env["subscription.subscription"].search([]).user_id = people["sales"]  # noqa: F821
rest_on_the_sabbath(env)  # noqa: F821
live_until_yesterday(env, today)  # noqa: F821
save_cards(env)  # noqa: F821
env["subscription.dunning.case"]._cron_collect()  # noqa: F821
env["subscription.subscription"]._cron_renew()  # noqa: F821
env["subscription.subscription"]._cron_find_opportunities()  # noqa: F821
env["subscription.subscription"]._cron_fulfil()  # noqa: F821
env["subscription.subscription"]._cron_score_health()  # noqa: F821
env["res.partner"].search([("country_id.code", "=", "IL")]).lang = "en_US"  # noqa: F821
env.cr.commit()  # noqa: F821
