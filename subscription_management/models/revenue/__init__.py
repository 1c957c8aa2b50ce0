from . import exchange_rates, movement
