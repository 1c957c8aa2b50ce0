from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .pipeline import SubscriptionBillingPipeline
from .results import SubscriptionBillingDryRun
from .selection import SubscriptionBillingSelection


class SubscriptionBillingRun(
    SubscriptionBillingPipeline,
    SubscriptionBillingDryRun,
    SubscriptionBillingSelection,
    models.Model,
):
    """Bills all subscriptions that are due on a date, slice by slice.

    select due → lock → plan → write invoices → record billed periods → post →
    commit → notify. A slice is one transaction. An interrupted run continues, since
    billed subscriptions are no longer due.
    """

    _name = "subscription.billing.run"
    _description = "Subscription Billing Run"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char("Number", required=True, readonly=True, default="/", copy=False)
    target_date = fields.Date(
        "Billing Date",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        help="A future date is possible in a dry run only.",
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Companies",
        required=True,
        default=lambda self: self.env.company,
    )
    is_dry_run = fields.Boolean(
        "Dry Run", help="Shows the invoices of the date without writing them."
    )
    is_scheduled = fields.Boolean("Scheduled", readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "New"),
            ("running", "Running"),
            ("done", "Done"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    due_count = fields.Integer(
        "Due at Start", readonly=True, copy=False, help="Subscriptions found due."
    )
    dry_run_cursor = fields.Integer(readonly=True, copy=False)
    slice_ids = fields.One2many("subscription.billing.slice", "run_id", copy=False)
    failure_ids = fields.One2many("subscription.billing.failure", "run_id", copy=False)
    forecast_ids = fields.One2many(
        "subscription.billing.forecast", "run_id", copy=False
    )
    invoice_ids = fields.One2many(
        "account.move", "managed_billing_run_id", "Invoices", copy=False
    )
    subscription_count = fields.Integer("Subscriptions", compute="_compute_figures")
    invoice_count = fields.Integer("Invoices Created", compute="_compute_figures")
    failure_count = fields.Integer("Errors", compute="_compute_figures")
    duration = fields.Float("Seconds", compute="_compute_figures")
    progress = fields.Float(compute="_compute_figures")
    totals = fields.Char(compute="_compute_totals")

    @api.depends("slice_ids", "failure_ids.is_retried", "due_count", "state")
    def _compute_figures(self):
        sums = {
            run: figures
            for run, *figures in self.env["subscription.billing.slice"]._read_group(
                [("run_id", "in", self.ids)],
                ["run_id"],
                ["subscription_count:sum", "invoice_count:sum", "seconds:sum"],
            )
        }
        failures = dict(
            self.env["subscription.billing.failure"]._read_group(
                [("run_id", "in", self.ids), ("is_retried", "=", False)],
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            billed, invoices, seconds = sums.get(run, (0, 0, 0.0))
            run.subscription_count = billed
            run.invoice_count = invoices
            run.duration = seconds
            run.failure_count = failures.get(run, 0)
            handled = billed + run.failure_count
            if run.state == "done":
                run.progress = 100.0
            else:
                whole = max(run.due_count, handled, 1)
                run.progress = 100.0 * handled / whole

    @api.depends("slice_ids")
    def _compute_totals(self):
        for run in self:
            run.totals = " · ".join(
                currency.format(amount) for currency, amount in run._sum_by_currency()
            )

    def _sum_by_currency(self):
        """Return (currency, invoiced total with taxes) rows."""
        model = "subscription.billing.forecast" if self.is_dry_run else "account.move"
        link = "run_id" if self.is_dry_run else "managed_billing_run_id"
        return self.env[model]._read_group(
            [(link, "in", self.ids)],
            ["currency_id"],
            ["amount_total_in_currency_signed:sum"],
        )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                vals["name"] = (
                    self.env["ir.sequence"].next_by_code("subscription.billing.run")
                ) or "/"
        return super().create(vals_list)

    def action_start(self):
        """Hand the run to the scheduled action, which starts within a minute."""
        for run in self:
            if not run.is_dry_run and run.target_date > min(
                company._subscription_today() for company in run.company_ids
            ):
                raise UserError(
                    self.env._(
                        "%s is in the future. Choose a dry run to see its invoices, or "
                        "an earlier date to bill.",
                        format_date(self.env, run.target_date),
                    )
                )
            run._start()
        self.env.ref("subscription_management.ir_cron_bill_due")._trigger()

    def action_retry_failed(self):
        """Retry the subscriptions that failed in this run."""
        self.failure_ids.filtered(lambda row: not row.is_retried).is_retried = True
        self.action_start()

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("managed_billing_run_id", "=", self.id)]
        action["context"] = {"create": False}
        return action

    def action_view_failures(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Errors of %s", self.name),
            "res_model": "subscription.billing.failure",
            "view_mode": "list,form",
            "domain": [("run_id", "=", self.id), ("is_retried", "=", False)],
        }

    def _start(self):
        self.ensure_one()
        self.write(
            {
                "state": "running",
                "started_at": self.started_at or fields.Datetime.now(),
                "finished_at": False,
                "due_count": self.env["subscription.subscription"].search_count(
                    self._due_domain()
                ),
                "dry_run_cursor": 0,
            }
        )

    @api.model
    def _cron_bill_due(self):
        """Continue the started runs and start those of today."""
        self._ensure_scheduled_runs()
        self._cron_continue_runs()

    @api.model
    def _cron_continue_runs(self):
        """Work on the started runs; any number of workers may do so at once."""
        progress = self.env["ir.cron"]._commit_progress
        running = self.search([("state", "=", "running")], order="id")
        progress(remaining=sum(run._count_due() for run in running))
        for run in running:
            if not run._work(progress):
                return

    @api.model
    def _ensure_scheduled_runs(self):
        """Start one run for each calendar date of the companies' time zones."""
        companies = self._companies_with_subscriptions()
        by_day = companies.grouped(lambda company: company._subscription_today())
        for day, companies in by_day.items():
            scheduled = [("is_scheduled", "=", True), ("target_date", "=", day)]
            run = self.search(scheduled, limit=1)
            if not run:
                run = self.new({"target_date": day, "company_ids": companies.ids})
                if not run._count_due():
                    continue
                run = self.create(
                    {
                        "target_date": day,
                        "company_ids": companies.ids,
                        "is_scheduled": True,
                    }
                )
            run.company_ids |= companies
            if run.state != "running" and run._count_due():
                run._start()

    @api.model
    def _companies_with_subscriptions(self):
        groups = self.env["subscription.subscription"]._read_group(
            [("next_billing_date", "!=", False)], [], ["company_id:recordset"]
        )
        return groups[0][0]
