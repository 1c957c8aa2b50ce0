from . import line, plan, project_task, sale_order_line, subscription
