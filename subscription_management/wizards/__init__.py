from . import (
    billing,
    cancellation,
    changes,
    discounts,
    dunning,
    plans,
    prices,
    renewals,
    sales,
    subscriptions,
)
