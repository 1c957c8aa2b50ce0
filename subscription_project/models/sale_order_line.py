from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _timesheet_create_task(self, project):
        """Skip the tasks that the subscription creates, including the first period.

        The order still creates the project.
        """
        served = self.sudo().managed_line_id
        plan = self.managed_plan_id.sudo() or served.plan_id
        if plan.makes_tasks and (self._is_recurring() or served):
            return self.env["project.task"]
        return super()._timesheet_create_task(project)
