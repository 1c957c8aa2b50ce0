from . import (
    contracted_price,
    draft_repricing,
    price_calculator,
    price_changes,
    price_publication,
    price_simulation,
    price_version,
    pricing_models,
    pricing_terms,
    pricing_tier,
)
