from . import (
    billing_day,
    draft,
    failure,
    history,
    internal_write,
    lifecycle,
    line_pricing,
    line_snapshot,
    pause,
    protected_fields,
    suspension,
    trial,
)
