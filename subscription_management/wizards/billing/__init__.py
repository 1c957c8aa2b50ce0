from . import create_invoice
