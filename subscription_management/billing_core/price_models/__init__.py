"""Price models: the price of a quantity for one full period, before rounding.

Each model is a value in a file of its own with the methods of `PriceModel`. Usage
applies any of them to a metered quantity, a contracted price is any of them with the
customer's own values: see `rating`.
"""

from .flat import Flat
from .graduated import Graduated
from .package import Package
from .per_unit import PerUnit
from .percent_of_total import PercentOfTotal
from .percentage_of_amount import PercentageOfAmount
from .price_model import PriceModel, PricePart
from .stairstep import Stairstep
from .tiers import Tier
from .volume import Volume

__all__ = [
    "Flat",
    "Graduated",
    "Package",
    "PerUnit",
    "PercentOfTotal",
    "PercentageOfAmount",
    "PriceModel",
    "PricePart",
    "Stairstep",
    "Tier",
    "Volume",
]
