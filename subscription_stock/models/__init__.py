from . import line, plan, sale_order_line, stock_move, subscription
