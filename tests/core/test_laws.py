"""The laws of billing over random histories, against a count by days."""

import os
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from .agreements import CHANGES, agreements, live
from .histories import START
from .reference import owed_by_period

FULL = bool(os.environ.get("SUBSCRIPTION_FULL_PROOF"))
HISTORIES = 100_000 if FULL else 2_000
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_the_billed_amounts_are_the_amounts_owed(part):
    """Each part draws other histories, so that they can run in parallel."""
    seed(part)(assert_law)()


@settings(max_examples=HISTORIES // PARTS)
@given(agreements(), CHANGES, st.integers(0, 90))
def assert_law(agreement, changes, later):
    target = live(agreement, START, changes) + timedelta(days=later)
    agreement.bill(target)
    billed = agreement.billed_by_period()
    for key, debt in owed_by_period(agreement.lines, agreement.pauses, target).items():
        # The credit of a scheduled change is issued on its day.
        assert debt.due > target or billed.get(key, 0) >= debt.amount, key
    target = max([target, *agreement.scheduled_days()])
    agreement.bill(target)
    billed = agreement.billed_by_period()
    debts = owed_by_period(agreement.lines, agreement.pauses, target)
    for key, debt in debts.items():
        if debt.due <= target:
            assert billed.pop(key, 0) == debt.amount, key
        else:
            # Billed before a change moved its day; never more than is owed.
            assert 0 <= billed.pop(key, 0) <= debt.amount, key
    assert not any(billed.values())
    assert agreement.bill(target) == []
    assert_one_line_a_day(agreement.lines)


def assert_one_line_a_day(lines):
    """Assert that no day of an origin is served by two lines."""
    steps = defaultdict(list)
    for line in lines:
        if not line.is_empty:
            steps[line.origin_key].append(line)
    for same in steps.values():
        same.sort(key=lambda line: line.start)
        for before, after in pairwise(same):
            assert before.end is not None and before.end <= after.start
