from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.subscription_management.tests.common import SalesCase


@tagged("post_install", "-at_install")
class TestTasks(SalesCase):
    """A check at 50.00 a month with a task in each period."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "project.group_project_manager"
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project = cls.env["project.project"].create({"name": "Checks"})
        cls.check = cls._make_product("Check", 60)
        cls.check.write(
            {"service_tracking": "task_global_project", "project_id": cls.project.id}
        )
        cls.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": cls.check.id,
                    "pricing_model": "per_unit",
                    "price": 50,
                }
            )
        ]

    def start(self, on="2026-04-01", quantity=1, **values):
        with freeze_time(f"{on} 09:00:00"):
            return self.subscribe(self.check, on=on, quantity=quantity, **values)

    def fulfil(self, *days):
        for day in days:
            self.run_action("ir_cron_fulfil", day)

    def tasks(self, subscription):
        return subscription.fulfilled_period_ids.managed_task_ids.sorted("id")

    def change_quantity(self, subscription, quantity, day):
        with freeze_time(f"{day} 09:00:00"):
            form = Form(
                self.env["subscription.change.wizard"].with_context(
                    default_subscription_id=subscription.id
                )
            )
            form.date_effective = day
            with form.line_ids.edit(0) as line:
                line.quantity = quantity
            form.save().action_confirm()

    def test_each_period_has_its_task_once(self):
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-04-02", "2026-05-01", "2026-05-02")
        tasks = self.tasks(subscription)
        self.assertEqual(
            tasks.mapped("name"),
            ["Check: 04/01/2026 – 04/30/2026", "Check: 05/01/2026 – 05/31/2026"],
        )
        self.assertEqual(tasks.project_id, self.project)
        self.assertEqual(tasks.partner_id, self.customer)
        self.assertEqual(str(tasks[0].date_deadline.date()), "2026-04-30")
        self.assertEqual(subscription.task_count, 2)

    def test_a_changed_quantity_is_posted_on_the_task(self):
        subscription = self.start(quantity=2)
        self.fulfil("2026-04-01")
        self.change_quantity(subscription, 5, "2026-04-10")
        self.fulfil("2026-04-10")
        task = self.tasks(subscription)
        self.assertEqual(len(task), 1)
        self.assertIn("Check increased by 3", task.message_ids[0].body)
        self.change_quantity(subscription, 4, "2026-04-12")
        self.fulfil("2026-04-12")
        self.assertIn("Check reduced by 1", task.message_ids[0].body)

    def test_an_immediate_cancellation_cancels_the_open_task(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        reason = self.env["subscription.cancellation.reason"].create({"name": "Moves"})
        with freeze_time("2026-04-10 09:00:00"):
            self.env["subscription.cancel.wizard"].create(
                {
                    "subscription_id": subscription.id,
                    "cancellation_reason_id": reason.id,
                    "when": "now",
                }
            ).action_confirm()
        self.fulfil("2026-04-10", "2026-05-01")
        self.assertEqual(self.tasks(subscription).mapped("state"), ["1_canceled"])

    def test_a_period_that_starts_in_a_pause_has_no_task(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-20 09:00:00"):
            subscription.pause(self.day("2026-04-20"), self.day("2026-05-20"))
        self.fulfil("2026-05-01", "2026-05-21", "2026-06-01")
        days = subscription.fulfilled_period_ids.sorted("date_start")
        self.assertEqual(
            [str(day) for day in days.mapped("date_start")],
            ["2026-04-01", "2026-06-01"],
        )

    def test_an_order_creates_no_task_beside_the_subscription(self):
        with freeze_time("2026-04-01 09:00:00"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "order_line": [Command.create({"product_id": self.check.id})],
                }
            )
            order.action_confirm()
        self.assertFalse(order.order_line.task_id)
        self.fulfil("2026-04-01")
        self.assertEqual(len(self.tasks(order.managed_started_ids)), 1)

    def test_a_plan_may_leave_tasks_to_the_order(self):
        self.monthly.makes_tasks = False
        with freeze_time("2026-04-01 09:00:00"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "order_line": [Command.create({"product_id": self.check.id})],
                }
            )
            order.action_confirm()
        self.assertTrue(order.order_line.task_id)
        self.fulfil("2026-04-01")
        self.assertFalse(self.tasks(order.managed_started_ids))

    def test_a_plan_with_existing_subscriptions_keeps_its_fulfilment(self):
        self.start()
        self.env.flush_all()
        plans = self.monthly + self.yearly
        plans._init_column("makes_tasks")
        plans.invalidate_recordset()
        self.assertEqual(plans.mapped("makes_tasks"), [False, True])

    def test_the_order_creates_a_project_of_its_own(self):
        self.check.write({"service_tracking": "task_in_project", "project_id": False})
        with freeze_time("2026-04-01 09:00:00"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "order_line": [Command.create({"product_id": self.check.id})],
                }
            )
            order.action_confirm()
        project = order.order_line.project_id
        self.assertTrue(project)
        self.assertFalse(project.task_ids)
        self.fulfil("2026-04-01", "2026-05-01")
        self.assertEqual(self.tasks(order.managed_started_ids).project_id, project)
        self.assertEqual(len(project.task_ids), 2)

    def test_without_an_order_the_subscription_has_a_project(self):
        self.check.write({"service_tracking": "task_in_project", "project_id": False})
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-05-01")
        project = self.tasks(subscription).project_id
        self.assertEqual(project.name, subscription.display_name)
        self.assertEqual(len(project.task_ids), 2)

    def test_a_rep_changes_tasks_without_rights_to_projects(self):
        rep = new_test_user(
            self.env,
            "rep",
            groups="subscription_management.group_subscription_user,"
            "sales_team.group_sale_salesman",
        )
        subscription = self.start(user_id=rep.id)
        self.fulfil("2026-04-01")
        self.assertEqual(subscription.with_user(rep).task_count, 1)
        self.assertTrue(subscription.with_user(rep).name)

    def test_a_project_user_needs_no_rights_to_subscriptions(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        worker = new_test_user(self.env, "worker", groups="project.group_project_user")
        task = self.tasks(subscription).with_user(worker)
        task.user_ids = worker
        task.state = "1_done"
        self.assertEqual(task.state, "1_done")
