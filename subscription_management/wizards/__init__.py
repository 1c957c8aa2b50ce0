from . import subscription_bill_now, subscription_end
