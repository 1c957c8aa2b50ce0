from . import (
    test_access,
    test_billing,
    test_billing_errors,
    test_billing_run,
    test_changes,
    test_discounts,
    test_invoice_corrections,
    test_invoice_writer,
    test_lifecycle,
    test_pricing,
    test_renewal,
    test_revenue,
)
