from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ...models.subscriptions.internal_write import internal_write
from ..common import SubscriptionCase

ROLES = {
    "rep": "subscription_management.group_subscription_user",
    "leader": "subscription_management.group_subscription_all",
    "manager": "subscription_management.group_subscription_manager",
}


@tagged("post_install", "-at_install")
class TestDirectWrites(SubscriptionCase):
    """A client that signs in as a user may do what the buttons do, and no more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            login: new_test_user(cls.env, login, f"base.group_user,{group}")
            for login, group in ROLES.items()
        }
        cls.rep = cls.users["rep"]
        cls.running = cls.subscribe(on="2026-04-01", user_id=cls.rep.id)
        cls.draft = cls.subscribe(on="2026-04-01", user_id=cls.rep.id, start=False)
        cls.other = cls.env["res.partner"].create({"name": "Negev Farm"})
        cls.order = cls.env["sale.order"].sudo().create({"partner_id": cls.other.id})
        cls.forged = {
            "subscription_change_is_logged": True,
            "subscription_change_mark": 1,
        }

    def as_each_role(self, record):
        for login, user in self.users.items():
            yield login, record.with_user(user).with_context(**self.forged)

    def assert_kept(self, record, values):
        """Assert that no role writes any of {field: (value, what to do instead)}."""
        for login, known in self.as_each_role(record):
            for name, (value, reason) in values.items():
                with (
                    self.subTest(login=login, field=name),
                    self.assertRaisesRegex(UserError, reason),
                    self.env.cr.savepoint(),
                ):
                    known.write({name: value})

    def protected_fields(self):
        return {
            "state": ("active", "use Activate, Pause or Cancel"),
            "trial_end": ("2030-01-01", "use End Trial & Activate"),
            "term_start": ("2026-05-01", "use Renew"),
            "term_index": (1.0, "use Renew"),
            "ends_by_expiry": (True, "use Renew or Cancel"),
            "next_billing_date": ("2030-01-01", "Create Invoice"),
            "billing_error": ("Nothing", "Create Invoice"),
            "suspended_since": ("2026-05-01", "use Suspend or Reactivate"),
            "reminded_days": (1, "set their days on the plan"),
            "starts_with": ("delivery", "use Activate to start it"),
            "order_id": (self.order.id, "use Activate to start it"),
            "is_reminded_of_trial": (True, "set their days on the plan"),
        }

    def test_fields_set_by_actions_cannot_be_edited(self):
        protected = self.protected_fields()
        self.assert_kept(self.draft, protected)
        protected["state"] = ("draft", "use Activate, Pause or Cancel")
        self.assert_kept(self.running, protected)

    def test_a_started_subscription_keeps_its_agreed_fields(self):
        currency = self.setup_other_currency("HRK")
        company = self.setup_other_company()["company"]
        for user in self.users.values():
            user.company_ids += company
        agreed = {
            "partner_id": (self.other.id, "Transfer, Merge or Align"),
            "plan_id": (self.yearly.id, "use Change"),
            "currency_id": (currency.id, "keeps its currency"),
            "company_id": (company.id, "keeps its company"),
            "date_start": ("2026-05-01", "keeps its start date"),
            "billing_day": (15, "keeps its billing day"),
            "date_end": ("2026-05-01", "use Cancel"),
            "last_day": ("2026-05-01", "use Cancel"),
            "term_end": ("2030-01-01", "use Renew"),
        }
        self.assert_kept(self.running, agreed)
        self.cancel(self.running, self.day("2026-04-01"))
        self.assertEqual(self.running.state, "cancelled")
        self.assert_kept(self.running, {**agreed, "date_end": (False, "Undo Canc")})

    def test_a_started_subscription_takes_other_contacts_and_notes(self):
        term = self.env.ref("account.account_payment_term_30days")
        values = {
            "user_id": self.users["leader"].id,
            "partner_invoice_id": self.other.id,
            "partner_shipping_id": self.other.id,
            "payment_term_id": term.id,
            "client_reference": "PO 17",
            "note": "<p>Net 30</p>",
            "partner_id": self.running.partner_id.id,
            "date_start": "2026-04-01",
            "date_end": False,
            "state": "active",
        }
        self.running.with_user(self.users["leader"]).write(values)
        self.assertEqual(self.running.client_reference, "PO 17")

    def test_a_draft_can_be_edited(self):
        self.draft.with_user(self.rep).write(
            {
                "partner_id": self.other.id,
                "plan_id": self.yearly.id,
                "date_start": "2026-05-01",
                "term_end": "2028-05-01",
                "last_day": "2028-04-30",
            }
        )
        self.assertEqual(self.draft.date_end, self.day("2028-05-01"))

    def test_a_subscription_cannot_be_created_as_started(self):
        values = {
            "partner_id": self.customer.id,
            "plan_id": self.monthly.id,
            "date_start": "2026-04-01",
            "line_ids": [Command.create({"product_id": self.basic.id})],
        }
        model = self.env["subscription.subscription"]
        for login, known in self.as_each_role(model):
            for name, (value, reason) in self.protected_fields().items():
                ways = {
                    "value": lambda m=known, v=value, n=name: m.create(
                        {**values, n: v}
                    ),
                    "default": lambda m=known, v=value, n=name: m.with_context(
                        **{f"default_{n}": v}
                    ).create(values),
                }
                for way, create in ways.items():
                    with (
                        self.subTest(login=login, field=name, way=way),
                        self.assertRaisesRegex(UserError, reason),
                        self.env.cr.savepoint(),
                    ):
                        create()
            with self.assertRaisesRegex(UserError, "use Activate, Pause or Cancel"):
                self.draft.with_user(known.env.user).copy({"state": "active"})
            made = known.create({**values, "state": "draft", "billing_error": False})
            self.assertEqual((made.state, made.monthly_amount), ("draft", 30))

    def test_an_import_creates_drafts_only(self):
        model = self.env["subscription.subscription"].with_user(self.rep)
        columns = [
            "partner_id/id",
            "plan_id/id",
            "date_start",
            "line_ids/product_id/id",
        ]
        records = (self.customer, self.monthly, self.basic)
        customer, plan, product = (
            record.export_data(["id"])["datas"][0][0] for record in records
        )
        row = [customer, plan, "2026-06-01", product]
        loaded = model.load(columns, [row])
        self.assertFalse(loaded["messages"])
        self.assertEqual(model.browse(loaded["ids"]).state, "draft")
        refused = model.load([*columns, "state"], [[*row, "active"]])
        self.assertFalse(refused["ids"])
        self.assertIn("cannot be edited", refused["messages"][0]["message"])

    def test_links_between_lines_cannot_be_edited(self):
        step = self.running.line_ids
        self.running.change_quantity(step, 2, self.day("2026-05-01"))
        first, follower = self.running.line_ids.sorted("date_start")
        self.assert_kept(follower, {"series_id": (False, "Schedule Changes")})
        self.assert_kept(first, {"origin_id": (follower.id, "Schedule Changes")})
        line = self.draft.line_ids
        linked = {
            name: (first.id, "Schedule Changes") for name in ("series_id", "origin_id")
        }
        self.assert_kept(line, linked)
        values = {"product_id": self.basic.id, "subscription_id": self.draft.id}
        for login, lines in self.as_each_role(line.browse()):
            for name in linked:
                with (
                    self.subTest(login=login, field=name),
                    self.assertRaisesRegex(UserError, "Schedule Changes"),
                    self.env.cr.savepoint(),
                ):
                    lines.create({**values, name: line.id})
            self.assertTrue(lines.create(values))

    def test_charged_days_cannot_be_edited(self):
        line = self.draft.line_ids
        days = {name: "2026-05-01" for name in ("charged_from", "charged_until")}
        values = {**days, "charged_end": "2026-05-01", "category_path": "1/"}
        for name, value in values.items():
            self.assert_kept(line, {name: (value, "use Change")})
            with self.assertRaisesRegex(UserError, "use Change"):
                line.with_user(self.rep).create(
                    {
                        "product_id": self.basic.id,
                        "subscription_id": self.draft.id,
                        name: value,
                    }
                )

    def test_pauses_and_history_cannot_be_edited(self):
        self.running.pause(self.day("2026-06-01"), self.day("2026-07-01"))
        pause, change = self.running.pause_ids, self.running.change_ids[:1]
        days = {"date_start": "2026-08-01", "date_end": "2026-09-01"}
        for login, known in self.as_each_role(self.running):
            pauses, changes = known.env["subscription.pause"], known.change_ids
            own = {"subscription_id": self.running.id}
            logged = {**own, "kind": "price", "date_effective": "2026-05-01"}
            for reason, writes in (
                (
                    "Pause or Resume",
                    {
                        "create": lambda p=pauses, o=own: p.create({**o, **days}),
                        "draft": lambda p=pauses: p.create(
                            {"subscription_id": self.draft.id, **days}
                        ),
                        "write": lambda p=pauses: p.browse(pause.id).write(days),
                        "billed": lambda p=pauses: p.browse(pause.id).write(
                            {"is_billed": True}
                        ),
                        "unlink": lambda p=pauses: p.browse(pause.id).unlink(),
                        "command": lambda k=known: k.write(
                            {"pause_ids": [Command.create(days)]}
                        ),
                        "clear": lambda k=known: k.write(
                            {"pause_ids": [Command.clear()]}
                        ),
                    },
                ),
                (
                    "the buttons of the subscription",
                    {
                        "log": lambda c=changes, n=logged: c.create(n),
                        "log by command": lambda k=known, n=logged: k.write(
                            {"change_ids": [Command.create(n)]}
                        ),
                    },
                ),
                (
                    "history|not allowed",
                    {
                        "edit": lambda c=changes: c.browse(change.id).write(
                            {"reason": "Another"}
                        ),
                        "delete": lambda c=changes: c.browse(change.id).unlink(),
                    },
                ),
            ):
                for way, write in writes.items():
                    with (
                        self.subTest(login=login, way=way),
                        self.assertRaisesRegex(UserError, reason),
                        self.env.cr.savepoint(),
                    ):
                        write()

    def test_billed_periods_and_movements_cannot_be_edited(self):
        self.bill("2026-04-01")
        for records in (
            self.running.billed_period_ids,
            self.running.change_ids.movement_ids,
        ):
            self.assertTrue(records)
            for login, known in self.as_each_role(records):
                for way, write in {
                    "create": lambda k=known: k.create({}),
                    "write": lambda k=known: k.write({"amount": 1}),
                    "unlink": lambda k=known: k.unlink(),
                }.items():
                    with (
                        self.subTest(records._name, login=login, way=way),
                        self.assertRaisesRegex(
                            UserError, "not allowed|cannot be edited"
                        ),
                        self.env.cr.savepoint(),
                    ):
                        write()

    def test_actions_write_the_protected_fields_for_a_salesperson(self):
        self.monthly.write(
            {"term_count": 1, "term_unit": "year", "pause_policy": "extends"}
        )
        self.monthly.trial_days = 14
        with Form(self.env["subscription.subscription"].with_user(self.rep)) as form:
            form.partner_id = self.customer
            form.plan_id = self.monthly
            form.date_start = fields.Date.today()
            with form.line_ids.new() as line:
                line.product_id = self.basic
        mine = form.record
        day = mine.date_start
        mine.action_activate()
        self.assertEqual(mine.state, "trial")
        mine.action_activate()
        self.assertEqual((mine.state, mine.trial_end), ("active", day))
        later = fields.Date.add(day, days=10)
        mine.pause(day, later)
        self.assertEqual(mine.state, "paused")
        self.assertEqual(mine.term_end, fields.Date.add(day, years=1, days=10))
        mine.resume(day)
        mine.suspend()
        mine.reactivate()
        mine.action_renew()
        self.assertEqual(mine.term_end, fields.Date.add(day, years=2))
        copied = mine.copy()
        self.assertEqual(copied.state, "draft")
        moved = mine.transfer(self.other, later)
        self.assertEqual(moved.partner_id, self.other)
        self.cancel(moved, fields.Date.add(later, days=5))
        moved.action_undo_cancellation()
        self.assertFalse(moved.date_end)

    def test_internal_writes_set_protected_fields(self):
        by_program = internal_write(self.running.with_user(self.rep))
        by_program.write({"next_billing_date": "2026-05-01"})
        self.running.sudo().billing_error = "Known"
        self.assertEqual(
            (self.running.next_billing_date, self.running.billing_error),
            (self.day("2026-05-01"), "Known"),
        )
