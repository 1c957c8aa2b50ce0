from ..common import SubscriptionCase


class PriceCase(SubscriptionCase):
    """Prices that are published as users publish them, by the wizard."""

    def publish(self, draft, applies_to, day):
        """Publish a draft from a day; return the warning, if any."""
        return (
            draft.env["subscription.publish.price.wizard"]
            .create({"rule_id": draft.id, "date_from": day, "applies_to": applies_to})
            .action_confirm()
        )
