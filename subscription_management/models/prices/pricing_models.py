"""The price models that a pricing rule can choose, and how they hold their price."""

PRICING_MODELS = [
    ("flat", "Flat"),
    ("per_unit", "Per Unit"),
    ("graduated", "Graduated Tiers"),
    ("volume", "Volume Tiers"),
    ("stairstep", "Blocks"),
    ("package", "Packages"),
    ("percent_of_total", "Percent of Total"),
]
PRICED_BY_TIERS = ("graduated", "volume", "stairstep")
PRICED_BY_THEIR_PRICE = ("flat", "per_unit", "package")
