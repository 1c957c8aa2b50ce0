import logging
from collections import defaultdict

from odoo import api, models, tools
from odoo.fields import Command

from .invoice_shape import CLONED_LINE_FIELDS, CLONED_MOVE_FIELDS, InvoiceShape

_logger = logging.getLogger(__name__)

QUIET = {"mail_create_nolog": True, "mail_notrack": True}
COMPLETE = {
    **QUIET,
    "skip_invoice_sync": True,
    "skip_invoice_line_sync": True,
    "skip_analytic_sync": True,
    "check_move_validity": False,
}
"""The lines are complete and balanced, so the host has nothing to derive."""

KNOWN_ADDONS = (
    "account",
    "account_payment",
    "analytic",
    "sale",
    "subscription_management",
)
"""Addons whose derivations are compared with the cloned rows, field by field."""

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
    """Creates planned invoices in bulk.

    The host creates the first invoice of each shape, with its taxes and payment terms;
    the others are cloned from its rows. If another addon overrides how the host derives
    these rows, the host creates every invoice, and a warning in the log says so.
    """

    _name = "subscription.invoice.writer"
    _description = "Subscription Invoice Writer"

    @api.model
    def _write_invoices(self, invoices):
        """Create the moves of `PlannedInvoice`s and return them in that order."""
        prepared = [self._prepare_move(invoice) for invoice in invoices]
        if self._can_clone() and not self._distributes_by_model():
            return self._create_by_shape(prepared)
        return self._create_by_host(prepared)

    @api.model
    def _prepare_move(self, invoice):
        """Return the values of one move: a credit note when its total is negative."""
        return {
            **invoice.header,
            "move_type": invoice.move_type,
            "invoice_line_ids": [
                Command.create({**values, "sequence": 10 + index})
                for index, values in enumerate(invoice.line_values())
            ],
        }

    @api.model
    def _create_by_host(self, vals_list):
        return self.env["account.move"].with_context(**QUIET).create(vals_list)

    @api.model
    def _create_by_shape(self, vals_list):
        """Create the first move of each shape by the host, and clone the others."""
        shapes = {}
        for position, values in enumerate(vals_list):
            key = InvoiceShape.key(self.env, values)
            shapes.setdefault(key, []).append(position)
        firsts = [positions[0] for positions in shapes.values()]
        models_by_position = dict(
            zip(
                firsts,
                self._create_by_host([vals_list[first] for first in firsts]),
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
                self._create_by_host([vals_list[each] for each in plain]),
                strict=True,
            )
        )
        return moves.browse(made[each].id for each in range(len(vals_list)))

    @api.model
    def _distributes_by_model(self):
        """Return whether analytic distribution depends on rules by customer."""
        rules = self.env["account.analytic.distribution.model"].sudo()
        return bool(rules.search_count([], limit=1))

    @api.model
    @tools.ormcache()
    def _can_clone(self):
        """Return whether no unknown addon overrides how the host derives cloned rows.

        Logs the override when there is one, once per registry.
        """
        override = self._unknown_override()
        if override:
            _logger.warning(
                "Invoices are created one by one by the host, which is slower: %s "
                "overrides %s.%s, and its effect on cloned invoices is not known.",
                *override,
            )
        return not override

    @api.model
    def _unknown_override(self):
        """Return (addon, model, method) of the first unknown override, or None."""
        for model_name, method in self._cloned_derivations():
            for cls in type(self.env[model_name]).mro():
                if method in vars(cls):
                    addon = cls.__module__.removeprefix("odoo.addons.").split(".")[0]
                    if addon not in KNOWN_ADDONS:
                        return addon, model_name, method
        return None

    @api.model
    def _cloned_derivations(self):
        """Yield (model, method) of the host's methods that cloning bypasses."""
        for model_name, methods in BYPASSED_METHODS.items():
            for method in methods:
                yield model_name, method
        for model_name, names in (
            ("account.move", CLONED_MOVE_FIELDS),
            ("account.move.line", CLONED_LINE_FIELDS),
        ):
            fields = self.env[model_name]._fields
            for name in names:
                compute = name in fields and fields[name].compute
                if isinstance(compute, str):
                    yield model_name, compute

    @api.model
    def _post(self, moves):
        """Post moves in bulk, which gives each its number."""
        known = moves.filtered(InvoiceShape.is_known)
        if not self._can_clone():
            known = moves.browse()
        if known:
            ranks = defaultdict(lambda: defaultdict(int))
            known.with_context(
                **COMPLETE, managed_number_formats={}, managed_partner_ranks=ranks
            )._post(soft=False)
            self.env["res.partner"]._raise_managed_ranks(ranks)
        if plain := moves - known:
            plain.with_context(**QUIET)._post(soft=False)
