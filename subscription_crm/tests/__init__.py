from . import (
    test_no_duplicate_opportunities,
    test_opportunities,
    test_opportunity_owners,
    test_opportunity_quotations,
    test_opportunity_rules,
)
