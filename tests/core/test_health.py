"""The health score is the weighted mean of the known signals."""

from decimal import Decimal

import pytest
from billing_core.errors import InvalidScale
from billing_core.health import (
    Band,
    Scale,
    SignalScore,
    band_of,
    contributions,
    total_score,
)
from hypothesis import given
from hypothesis import strategies as st

numbers = st.decimals(-1000, 1000, places=2)
scores = st.decimals(0, 100, places=1)
signals = st.builds(SignalScore, st.none() | scores, st.decimals(0, 10, places=1))
scales = st.tuples(numbers, numbers).filter(lambda ends: ends[0] != ends[1])


def test_a_score_falls_linearly_from_the_best_to_the_worst_value():
    late = Scale(best=Decimal(0), worst=Decimal(30))
    assert [late.score(Decimal(days)) for days in (0, 15, 30, 45)] == [100, 50, 0, 0]


def test_the_best_value_may_be_the_greater_one():
    seats = Scale(best=Decimal(80), worst=Decimal(20))
    assert [seats.score(Decimal(used)) for used in (100, 80, 50, 10)] == [
        100,
        100,
        50,
        0,
    ]


def test_a_scale_with_equal_ends_is_refused():
    with pytest.raises(InvalidScale):
        Scale(best=Decimal(30), worst=Decimal(30))


def test_an_unknown_signal_is_left_out_of_the_weighted_mean():
    known = [
        SignalScore(Decimal(20), Decimal(3)),  # payments
        SignalScore(Decimal(50), Decimal(2)),  # seats
        SignalScore(Decimal(100), Decimal(1)),  # messages
        SignalScore(None, Decimal(2)),  # no term, so no renewal
    ]
    assert total_score(known) == 43  # (60 + 100 + 100) / 6
    assert [share and round(share, 1) for share in contributions(known)] == [
        10,
        Decimal("16.7"),
        Decimal("16.7"),
        None,
    ]


def test_without_a_known_and_weighted_signal_there_is_no_score():
    assert total_score([]) is None
    assert total_score([SignalScore(None, Decimal(1))]) is None
    assert total_score([SignalScore(Decimal(50), Decimal(0))]) is None


def test_every_score_lies_in_one_band():
    found = [band_of(points) for points in range(101)]
    assert found.count(Band.AT_RISK) == 40
    assert found.count(Band.WATCH) == 30
    assert found.count(Band.HEALTHY) == 31


@given(st.lists(signals))
def test_a_score_lies_between_0_and_100(known):
    points = total_score(known)
    assert points is None or 0 <= points <= 100


@given(scales, numbers, numbers)
def test_a_value_nearer_to_the_best_never_scores_less(ends, one, other):
    scale = Scale(*ends)
    near, far = sorted((one, other), key=lambda each: each * (scale.worst - scale.best))
    assert scale.score(near) >= scale.score(far)


@given(st.lists(signals, min_size=1), st.data())
def test_a_better_signal_never_lowers_the_score(known, data):
    index = data.draw(st.integers(0, len(known) - 1))
    if known[index].score is None:
        return
    better = data.draw(st.decimals(known[index].score, 100, places=1))
    raised = [*known]
    raised[index] = SignalScore(better, known[index].weight)
    before, after = total_score(known), total_score(raised)
    assert (before is None) == (after is None)
    assert before is None or before <= after


@given(st.lists(signals), st.integers(1, 9))
def test_only_the_ratio_of_weights_matters(known, factor):
    heavier = [SignalScore(signal.score, signal.weight * factor) for signal in known]
    assert total_score(heavier) == total_score(known)


@given(st.lists(signals), signals)
def test_an_unknown_signal_does_not_change_the_score(known, extra):
    assert total_score([*known, SignalScore(None, extra.weight)]) == total_score(known)


@given(st.lists(signals))
def test_the_contributions_add_up_to_the_score(known):
    counted = [share for share in contributions(known) if share is not None]
    points = total_score(known)
    assert points is None or abs(sum(counted) - points) <= Decimal("0.5") + Decimal(
        "1e-9"
    )
