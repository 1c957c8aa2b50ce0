from odoo import fields, models

CLOSED = ("1_done", "1_canceled")


class ProjectTask(models.Model):
    _inherit = "project.task"

    managed_period_id = fields.Many2one(
        "subscription.fulfilled.period",
        "Period of a Subscription",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )


class SubscriptionFulfilledPeriod(models.Model):
    _inherit = "subscription.fulfilled.period"

    managed_task_ids = fields.One2many("project.task", "managed_period_id", "Tasks")

    def _open_tasks(self):
        return self.managed_task_ids.filtered(lambda task: task.state not in CLOSED)
