from . import plan_renewal, price_index, renewal
