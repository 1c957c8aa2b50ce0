from . import delivery, endpoint, payload, subscription
