from . import test_access, test_error_messages, test_rights_and_states
from .billing import (
    test_billing,
    test_billing_errors,
    test_invoice_corrections,
    test_invoice_writer,
    test_invoices,
    test_previews,
)
from .billing_run import test_billing_run
from .cancellation import test_cancellation, test_retention_offer
from .changes import (
    test_category_shares,
    test_change_policies,
    test_change_sequences,
    test_changes,
    test_changes_by_list,
    test_public_methods,
    test_ramp,
    test_transfer_merge_align,
    test_undo,
)
from .discounts import (
    test_coupons,
    test_discount_cycles,
    test_discount_on_plan_change,
    test_discounts,
    test_discounts_of_several_lines,
    test_discounts_over_time,
    test_draft_grants,
    test_duration,
)
from .dunning import (
    test_corrected_invoices,
    test_dunning,
    test_dunning_access,
    test_letters,
    test_open_credits,
    test_recovery_report,
    test_refused_actions,
    test_reminders,
    test_suspended_service,
)
from .health import test_health
from .payments import (
    test_charges,
    test_customer_payments,
    test_pending_charges,
    test_unknown_charges,
)
from .plans import test_plan_comparison
from .prices import (
    test_contracted_prices,
    test_draft_repricing,
    test_price_limits,
    test_price_lookup,
    test_price_publication,
    test_price_simulation,
    test_price_versions,
    test_pricing,
)
from .quotations import (
    test_cancellation_quotations,
    test_change_quotations,
    test_due_by_quotation,
    test_quotation_purposes,
    test_quotation_rights,
    test_renewal_quotation,
)
from .renewals import test_renewal, test_renewal_letter, test_undo_renewal
from .revenue import test_revenue, test_revenue_of_customers
from .sales import test_orders, test_orders_online
from .subscriptions import (
    test_billing_day,
    test_company_today,
    test_computed_fields,
    test_draft_ramp,
    test_failure_isolation,
    test_lifecycle,
    test_pauses,
    test_protected_fields,
    test_suspension,
    test_trial,
)
