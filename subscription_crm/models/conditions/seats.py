from odoo.fields import Domain
from odoo.tools import format_date

from .condition import Condition, Signal


class SeatsCondition(Condition):
    """The seats of a product are used up to the percentage of the rule."""

    def candidates(self, rule):
        return Domain("line_ids", "any", [("seats_used_on", "!=", False)])

    def signal(self, subscription, rule):
        full = [
            (line._seats_percent(), line)
            for line in subscription._lines_on(subscription._today())
            if line._seats_are_nearly_full(rule.seats_percent)
        ]
        if not full:
            return None
        env, formatted = subscription.env, subscription._in_figures
        percent, line = max(full, key=lambda each: each[0])
        used, day = line._seats_counted()
        reason = env._(
            "%(used)s of %(quantity)s seats of %(product)s are used (%(percent)s %%, "
            "as of %(day)s). The limit of the rule is %(limit)s %%.",
            used=formatted(used),
            quantity=formatted(line.quantity),
            product=line.product_id.display_name,
            percent=formatted(round(percent, 1)),
            day=format_date(env, day),
            limit=formatted(rule.seats_percent),
        )
        # Another number of seats is another signal: they may be full again.
        key = f"seats:{line._origin_key()}:{line.quantity:g}"
        return Signal(key, reason, line._price_of_missing_seats(rule.seats_percent))

    def cleared(self, subscription, finding):
        env, formatted = subscription.env, subscription._in_figures
        _kind, origin, quantity = finding.signal_key.split(":")
        line = subscription._lines_on(subscription._today()).filtered(
            lambda each: each._origin_key() == int(origin)
        )[:1]
        if not line:
            return env._("These seats are no longer in service.")
        words = {
            "quantity": formatted(line.quantity),
            "product": line.product_id.display_name,
        }
        if f"{line.quantity:g}" != quantity:
            return env._(
                "The quantity of %(product)s is now %(quantity)s seats instead of "
                "%(before)s.",
                before=formatted(float(quantity)),
                **words,
            )
        if line._seats_are_nearly_full(finding.rule_id.seats_percent):
            return None
        return env._(
            "%(used)s of %(quantity)s seats of %(product)s are used now.",
            used=formatted(line.seats_used),
            **words,
        )

    def describe(self, rule):
        return rule.env._(
            "When %s %% of the seats of a product are used", f"{rule.seats_percent:g}"
        )
