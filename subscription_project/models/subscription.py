from odoo import api, fields, models


class SubscriptionSubscription(models.Model):
    _inherit = "subscription.subscription"

    project_id = fields.Many2one(
        "project.project",
        copy=False,
        groups="project.group_project_user",
        help="The project of tasks whose product and order have none.",
    )
    task_count = fields.Integer(
        "Tasks", compute="_compute_task_count", compute_sudo=True
    )

    @api.depends("fulfilled_period_ids.managed_task_ids")
    def _compute_task_count(self):
        for subscription in self:
            tasks = subscription.fulfilled_period_ids.managed_task_ids
            subscription.task_count = len(tasks)

    def _own_project(self):
        """Return the project of the subscription, created at first use."""
        self.ensure_one()
        if not self.project_id:
            self.project_id = self.env["project.project"].create(
                {
                    "name": self.display_name,
                    "partner_id": self.partner_id.id,
                    "company_id": self.company_id.id,
                    "type_ids": [
                        fields.Command.create({"name": name, "fold": fold})
                        for name, fold in (
                            (self.env._("To Do"), False),
                            (self.env._("In Progress"), False),
                            (self.env._("Done"), True),
                        )
                    ],
                }
            )
        return self.project_id

    def action_view_tasks(self):
        self.ensure_one()
        tasks = self.sudo().fulfilled_period_ids.managed_task_ids
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "project.action_view_all_task"
        )
        action["domain"] = [("id", "in", tasks.ids)]
        action["context"] = {"create": False}
        return action
