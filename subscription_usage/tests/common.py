from freezegun import freeze_time

from odoo.addons.subscription_management.tests.common import SubscriptionCase


class UsageCase(SubscriptionCase):
    """A plan with calls: 100 included, 2.00 for each further one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.meter = cls.env["subscription.meter"].create({"name": "Calls"})
        cls.call = cls._make_product("Call", 2.0)
        cls.rule = cls._price(cls.call, cls.meter, price=2.0, included_quantity=100)

    @classmethod
    def _price(cls, product, meter, **values):
        return cls.env["subscription.pricing.rule"].create(
            {
                "plan_id": cls.monthly.id,
                "product_id": product.id,
                "meter_id": meter.id,
                **values,
            }
        )

    @classmethod
    def record(cls, subscription, quantity, on, meter=None, **values):
        """Record usage at noon of a day, on that day."""
        with freeze_time(f"{on} 13:00:00"):
            return cls.env["subscription.usage.event"].create(
                {
                    "subscription_id": subscription.id,
                    "meter_id": (meter or cls.meter).id,
                    "quantity": quantity,
                    "time": f"{on} 12:00:00",
                    **values,
                }
            )
