"""A score is a weighted mean of what is known."""

from decimal import Decimal

import pytest
from billing_core.errors import InvalidScale
from billing_core.health import Band, Fact, Scale, band_of, score, shares
from hypothesis import given
from hypothesis import strategies as st

numbers = st.decimals(-1000, 1000, places=2)
marks = st.decimals(0, 100, places=1)
facts = st.builds(Fact, st.none() | marks, st.decimals(0, 10, places=1))
scales = st.tuples(numbers, numbers).filter(lambda ends: ends[0] != ends[1])


def test_a_month_late_has_no_marks_and_a_week_most_of_them():
    late = Scale(best=Decimal(0), worst=Decimal(30))
    assert [late.marks(Decimal(days)) for days in (0, 15, 30, 45)] == [100, 50, 0, 0]


def test_a_scale_may_go_up():
    seats = Scale(best=Decimal(80), worst=Decimal(20))
    assert [seats.marks(Decimal(used)) for used in (100, 80, 50, 10)] == [
        100,
        100,
        50,
        0,
    ]


def test_a_scale_has_two_ends():
    with pytest.raises(InvalidScale):
        Scale(best=Decimal(30), worst=Decimal(30))


def test_three_signals_and_one_that_nobody_knows():
    known = [
        Fact(Decimal(20), Decimal(3)),  # payments
        Fact(Decimal(50), Decimal(2)),  # seats
        Fact(Decimal(100), Decimal(1)),  # messages
        Fact(None, Decimal(2)),  # no term, so no renewal
    ]
    assert score(known) == 43  # (60 + 100 + 100) / 6
    assert [share and round(share, 1) for share in shares(known)] == [
        10,
        Decimal("16.7"),
        Decimal("16.7"),
        None,
    ]


def test_nothing_known_or_nothing_weighed_has_no_score():
    assert score([]) is None
    assert score([Fact(None, Decimal(1))]) is None
    assert score([Fact(Decimal(50), Decimal(0))]) is None


def test_the_bands_meet():
    found = [band_of(points) for points in range(101)]
    assert found.count(Band.AT_RISK) == 40
    assert found.count(Band.WATCH) == 30
    assert found.count(Band.HEALTHY) == 31


@given(st.lists(facts))
def test_a_score_is_between_nothing_and_a_hundred(known):
    points = score(known)
    assert points is None or 0 <= points <= 100


@given(scales, numbers, numbers)
def test_a_number_nearer_to_the_best_has_no_fewer_marks(ends, one, other):
    scale = Scale(*ends)
    near, far = sorted((one, other), key=lambda each: each * (scale.worst - scale.best))
    assert scale.marks(near) >= scale.marks(far)


@given(st.lists(facts, min_size=1), st.data())
def test_a_fact_with_more_marks_makes_no_score_lower(known, data):
    index = data.draw(st.integers(0, len(known) - 1))
    if known[index].marks is None:
        return
    better = data.draw(st.decimals(known[index].marks, 100, places=1))
    raised = [*known]
    raised[index] = Fact(better, known[index].weight)
    before, after = score(known), score(raised)
    assert (before is None) == (after is None)
    assert before is None or before <= after


@given(st.lists(facts), st.integers(1, 9))
def test_weights_count_by_their_ratio_only(known, factor):
    heavier = [Fact(fact.marks, fact.weight * factor) for fact in known]
    assert score(heavier) == score(known)


@given(st.lists(facts), facts)
def test_what_is_not_known_changes_nothing(known, extra):
    assert score([*known, Fact(None, extra.weight)]) == score(known)


@given(st.lists(facts))
def test_the_shares_add_up_to_the_score(known):
    counted = [share for share in shares(known) if share is not None]
    points = score(known)
    assert points is None or abs(sum(counted) - points) <= Decimal("0.5") + Decimal(
        "1e-9"
    )
