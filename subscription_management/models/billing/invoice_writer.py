from collections import defaultdict

from odoo import api, models, tools
from odoo.fields import Command

from .invoice_shape import CLONED_LINE_FIELDS, CLONED_MOVE_FIELDS, InvoiceShape

QUIET = {"mail_create_nolog": True, "mail_notrack": True}
COMPLETE = {
    **QUIET,
    "skip_invoice_sync": True,
    "skip_invoice_line_sync": True,
    "skip_analytic_sync": True,
    "check_move_validity": False,
}
"""The lines are complete and balanced: nothing is left for the host to derive."""

KNOWN_ADDONS = (
    "account",
    "account_payment",
    "analytic",
    "sale",
    "subscription_management",
)
"""Their derivations were compared with the cloned rows, field by field."""

BYPASSED_METHODS = {
    "account.move": (
        "_get_sync_stack",
        "_sync_dynamic_lines",
        "_sync_dynamic_line",
        "_sync_tax_lines",
        "_sync_rounding_lines",
        "_sync_unbalanced_lines",
        "_sync_non_deductible_base_lines",
        "_sync_invoice",
        "_get_next_sequence_format",
        "_get_last_sequence",
        "_get_starting_sequence",
    ),
    "account.move.line": ("_sync_invoice", "_inverse_analytic_distribution"),
    "res.partner": ("_increase_rank",),
}


class SubscriptionInvoiceWriter(models.AbstractModel):
    """Writes planned invoices as the host's, in bulk.

    Of invoices that are alike the host makes one, with all its taxes and terms; the
    others are made from that one's rows. Where the host's way is not known to the
    last detail, each invoice is made by the host.
    """

    _name = "subscription.invoice.writer"
    _description = "Subscription Invoice Writer"

    @api.model
    def _write_invoices(self, invoices):
        """Create the moves of `PlannedInvoice`s and return them in that order."""
        prepared = [self._prepare_move(invoice) for invoice in invoices]
        if self._host_is_known() and not self._distributes_by_model():
            return self._create_by_shape(prepared)
        return self._create_plainly(prepared)

    @api.model
    def _prepare_move(self, invoice):
        """Return the values of one move: a credit note when its sum is negative."""
        return {
            **invoice.header,
            "move_type": invoice.move_type,
            "invoice_line_ids": [
                Command.create({**values, "sequence": 10 + index})
                for index, values in enumerate(invoice.line_values())
            ],
        }

    @api.model
    def _create_plainly(self, vals_list):
        return self.env["account.move"].with_context(**QUIET).create(vals_list)

    @api.model
    def _create_by_shape(self, vals_list):
        """Let the host make the first move of each shape, and clone the others."""
        shapes = {}
        for position, values in enumerate(vals_list):
            key = InvoiceShape.key(self.env, values)
            shapes.setdefault(key, []).append(position)
        firsts = [positions[0] for positions in shapes.values()]
        models_by_position = dict(
            zip(
                firsts,
                self._create_plainly([vals_list[first] for first in firsts]),
                strict=True,
            )
        )
        clones, plain = {}, []
        for positions in shapes.values():
            shape = InvoiceShape.of(models_by_position[positions[0]])
            for position in positions[1:]:
                if shape is None:
                    plain.append(position)
                else:
                    clones[position] = shape.clone(self.env, vals_list[position])
        moves = self.env["account.move"]
        made = models_by_position
        made |= dict(
            zip(
                clones,
                moves.with_context(**COMPLETE).create(list(clones.values())),
                strict=True,
            )
        )
        made |= dict(
            zip(
                plain,
                self._create_plainly([vals_list[each] for each in plain]),
                strict=True,
            )
        )
        return moves.browse(made[each].id for each in range(len(vals_list)))

    @api.model
    def _distributes_by_model(self):
        """Tell whether costs are distributed by rules that look at the customer."""
        rules = self.env["account.analytic.distribution.model"].sudo()
        return bool(rules.search_count([], limit=1))

    @api.model
    @tools.ormcache()
    def _host_is_known(self):
        """Tell whether no addon derives what we clone in a way of its own."""
        for model_name, methods in BYPASSED_METHODS.items():
            if not all(self._is_known(model_name, method) for method in methods):
                return False
        for model_name, names in (
            ("account.move", CLONED_MOVE_FIELDS),
            ("account.move.line", CLONED_LINE_FIELDS),
        ):
            fields = self.env[model_name]._fields
            for name in names:
                compute = name in fields and fields[name].compute
                if isinstance(compute, str) and not self._is_known(model_name, compute):
                    return False
        return True

    @api.model
    def _is_known(self, model_name, method):
        """Tell whether only known addons define a method of a model."""
        for cls in type(self.env[model_name]).mro():
            if method in vars(cls):
                addon = cls.__module__.removeprefix("odoo.addons.").split(".")[0]
                if addon not in KNOWN_ADDONS:
                    return False
        return True

    @api.model
    def _post(self, moves):
        """Post moves in bulk; each gets its number here."""
        known = moves.filtered(InvoiceShape.is_known)
        if not self._host_is_known():
            known = moves.browse()
        if known:
            ranks = defaultdict(lambda: defaultdict(int))
            known.with_context(
                **COMPLETE, managed_number_formats={}, managed_partner_ranks=ranks
            )._post(soft=False)
            self.env["res.partner"]._raise_managed_ranks(ranks)
        if plain := moves - known:
            plain.with_context(**QUIET)._post(soft=False)
