from . import cancellation, change, purpose, renewal, subscription, subscription_line
