from . import sale_order_line
from . import stock_move
from . import subscription_line
from . import subscription_plan
from . import subscription_subscription
