from . import test_billing, test_invoice_writer
