"""Tasks of services, one per period, in the project of the product or the order."""

from datetime import datetime, time, timedelta

from odoo import models
from odoo.tools import format_date

IN_ONE_PROJECT = "task_global_project"
IN_OWN_PROJECT = "task_in_project"


class SubscriptionLine(models.Model):
    _inherit = "subscription.line"

    def _is_fulfilled(self):
        return super()._is_fulfilled() or self._makes_tasks()

    def _makes_tasks(self):
        """Return whether the line's service creates a task each period."""
        self.ensure_one()
        product = self.product_id
        return bool(
            self.kind == "recurring"
            and product.type == "service"
            and product.service_tracking in (IN_ONE_PROJECT, IN_OWN_PROJECT)
            and self.plan_id.makes_tasks
        )

    def _start_fulfilment(self, period, quantity):
        if not self._makes_tasks():
            return super()._start_fulfilment(period, quantity)
        if tasks := period._open_tasks():
            for task in tasks:
                task.message_post(
                    body=self.env._(
                        "Quantity of %(product)s increased by %(quantity)s in this "
                        "period.",
                        quantity=f"{quantity:g}",
                        product=self.product_id.display_name,
                    )
                )
            return None
        values = self._prepare_task_values(period, quantity)
        task = self.env["project.task"].create(values)
        task.message_post(
            body=self.env._(
                "Created for a period of %s.",
                self.subscription_id._get_html_link(),
            )
        )
        return None

    def _prepare_task_values(self, period, quantity):
        project = self._project()
        last = period.date_end - timedelta(days=1)
        return {
            "name": self.env._(
                "%(product)s: %(first)s – %(last)s",
                product=self.product_id.display_name,
                first=format_date(self.env, period.date_start),
                last=format_date(self.env, last),
            ),
            "project_id": project.id,
            "company_id": project.company_id.id,
            "partner_id": self.subscription_id.partner_id.id,
            # In the evening UTC, the end of the day for most readers.
            "date_deadline": datetime.combine(last, time(21)),
            "description": self.env._(
                "%(quantity)s × %(product)s, of %(subscription)s",
                quantity=f"{quantity:g}",
                product=self.product_id.display_name,
                subscription=self.subscription_id.display_name,
            ),
            "sale_line_id": False,
            "user_ids": False,
            "managed_period_id": period.id,
        }

    def _project(self):
        """Return the project of the product, the order or the subscription."""
        self.ensure_one()
        if self.product_id.service_tracking == IN_ONE_PROJECT:
            project = self.product_id.with_company(self.company_id).project_id
            if project:
                return project
        order_line = self.order_line_id
        ordered = order_line.project_id or order_line.order_id.project_id
        return ordered or self.subscription_id._own_project()

    def _stop_fulfilment(self, period, quantity):
        """Cancel the open tasks of a period, or post its reduced quantity on them."""
        if not period.managed_task_ids:
            return super()._stop_fulfilment(period, quantity)
        tasks = period._open_tasks()
        if quantity >= period.quantity:
            tasks.state = "1_canceled"
            return quantity
        for task in tasks:
            task.message_post(
                body=self.env._(
                    "Quantity of %(product)s reduced by %(quantity)s in this period.",
                    quantity=f"{quantity:g}",
                    product=self.product_id.display_name,
                )
            )
        return quantity
