"""Calls of public methods as a client makes them."""

from contextlib import closing
from inspect import isfunction

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

OUTSIDERS = {
    "portal": "base.group_portal",
    "employee": "base.group_user",
    "auditor": "base.group_user,account.group_account_readonly",
    "colleague": "base.group_user,subscription_management.group_subscription_user",
}
"""Users who may not change the subscriptions of these tests."""


def public_methods(model, addon):
    """Return the names of the methods that an addon offers to clients."""
    names = set()
    for base in type(model).__mro__:
        if base.__module__.startswith(f"odoo.addons.{addon}."):
            names |= {name for name, value in vars(base).items() if isfunction(value)}
    return sorted(
        name
        for name in names
        if not name.startswith("_") and not hasattr(models.BaseModel, name)
    )


class PublicMethodCalls:
    """Mixed into test cases that call methods as users without rights."""

    def assert_outsiders_change_nothing(self, addon, records, arguments):
        """Check that outsiders are refused by all methods that would write.

        `records` are a record of each model, by its name; `arguments` those of a
        (model, method) that needs any.
        """
        for login, groups in OUTSIDERS.items():
            user = new_test_user(self.env, f"outsider_{login}", groups)
            for model, record in records.items():
                for name in public_methods(record, addon):
                    with (
                        self.subTest(login=login, model=model, method=name),
                        mute_logger("odoo.addons.base.models.ir_rule"),
                        mute_logger("odoo.addons.base.models.ir_model"),
                    ):
                        outcome = self.call_method(
                            record.with_user(user),
                            name,
                            arguments.get((model, name), ()),
                        )
                        self.assertIn(outcome, ("refused", "harmless"))

    def call_method(self, record, name, arguments=()):
        """Call a method, and undo it; return "refused", "written" or "harmless"."""
        arguments = [
            value.with_env(record.env) if isinstance(value, models.BaseModel) else value
            for value in arguments
        ]
        self.env.flush_all()
        with closing(self.env.cr.savepoint()):
            before = self.rows_written()
            try:
                getattr(record, name)(*arguments)
                self.env.flush_all()
            except (AccessError, UserError):
                return "refused"
            return "written" if self.rows_written() > before else "harmless"

    def rows_written(self):
        """Return how many rows this transaction has written so far."""
        self.env.cr.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) "
            "FROM pg_stat_xact_user_tables"
        )
        return self.env.cr.fetchone()[0]
