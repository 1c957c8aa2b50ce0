from . import (
    test_address_guard,
    test_developer_guide,
    test_dunning_events,
    test_resync,
    test_signature,
    test_webhook_access,
    test_webhook_events,
    test_webhook_snapshots,
    test_webhooks,
)
