from . import (
    account_move_line,
    account_tax,
    billed_period,
    invoice_planner,
    invoice_shape,
    invoice_writer,
    invoices,
    invoicing,
    planning,
    res_currency,
)
