"""Intervals of plain and of weighted shares."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analytics.intervals import effective_size, weighted_share, wilson

COUNTS = st.floats(0.01, 1e6)
SHARES = st.floats(0, 1)
WEIGHTS = hnp.arrays(float, st.integers(1, 30), elements=st.floats(0.01, 1e5))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_whole_counts_give_the_published_intervals(successes, n, low, high):
    # Newcombe 1998, Statistics in Medicine 17, 857, table I, method 3 (score, without correction).
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(COUNTS, SHARES, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_the_ends_are_the_shares_whose_test_just_rejects(n, share, confidence):
    # What a score interval is: |share - end| = z * sqrt(end * (1 - end) / n), also for fractions.
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    for end in wilson(share * n, n, confidence):
        assert abs(share - end) == pytest.approx(z * math.sqrt(end * (1 - end) / n), rel=1e-5, abs=1e-6)


@given(COUNTS, SHARES)
def test_the_interval_holds_the_share_and_stays_between_0_and_1(n, share):
    low, high = wilson(share * n, n)
    assert 0 <= low <= share * n / n <= high <= 1


@given(COUNTS, SHARES)
def test_seen_and_unseen_mirror_each_other(n, share):
    low, high = wilson(share * n, n)
    assert wilson(n - share * n, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-0.5, 2), (math.nan, 2), (1, math.nan)])
def test_more_successes_than_things_counted_are_refused(successes, n):
    with pytest.raises(ValueError, match="there cannot be"):
        wilson(successes, n)


@given(WEIGHTS, st.floats(1e-200, 1e150))
def test_the_effective_size_lies_between_1_and_the_number_whatever_the_unit(weights, unit):
    size = effective_size(weights)
    assert 1 - 1e-9 <= size <= len(weights) * (1 + 1e-9)
    assert effective_size(weights * unit) == pytest.approx(size)


@given(st.integers(1, 100), st.floats(0.1, 1e6))
def test_equal_weights_are_worth_their_number(n, weight):
    assert effective_size(np.full(n, weight)) == pytest.approx(n)


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.floats(0.1, 1e6))
def test_with_equal_weights_a_weighted_share_is_a_plain_one(seen, weight):
    share, low, high = weighted_share(seen, np.full(len(seen), weight))
    assert share == pytest.approx(np.mean(seen))
    assert (low, high) == pytest.approx(wilson(sum(seen), len(seen)), abs=1e-9)


@given(WEIGHTS, st.data())
def test_a_weighted_share_lies_in_its_interval(weights, data):
    seen = data.draw(hnp.arrays(float, len(weights), elements=SHARES))
    share, low, high = weighted_share(seen, weights)
    assert share == pytest.approx(np.average(seen, weights=weights))
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_one_heavy_incident_makes_the_share_less_sure():
    seen = [1, 0] * 50
    _, low, high = weighted_share(seen, np.ones(100))
    _, heavy_low, heavy_high = weighted_share([*seen, 1, 0], [*np.ones(100), 1000, 1000])
    assert heavy_low < low < high < heavy_high


def test_all_or_nothing_in_view_reaches_the_end_exactly():
    weights = [0.1, 0.2, 0.7]
    assert weighted_share([1, 1, 1], weights)[::2] == (1.0, 1.0)
    assert weighted_share([0, 0, 0], weights)[:2] == (0.0, 0.0)


@pytest.mark.parametrize(("seen", "weights"), [([], []), ([1, 0], [0, 0])])
def test_where_nothing_weighs_anything_there_is_no_share_and_every_share_is_possible(seen, weights):
    share, low, high = weighted_share(seen, weights)
    assert math.isnan(share)
    assert (low, high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("seen", "weights", "reason"),
    [
        ([1, 0], [1], "one weight for each"),
        ([1.5], [1], "between 0 and 1"),
        ([math.nan], [1], "between 0 and 1"),
        ([1], [-1], "0 or more"),
        ([1], [math.inf], "0 or more"),
    ],
)
def test_what_makes_no_share_is_refused_with_the_reason(seen, weights, reason):
    with pytest.raises(ValueError, match=reason):
        weighted_share(seen, weights)


def test_the_interval_holds_the_true_share_about_as_often_as_it_says():
    # 2000 samples of 120 incidents with harm weights from 1 to about 100 whose being seen does not
    # depend on the weight, 30 % seen. Kish's size is approximate, so the tolerance is chance alone
    # (three standard errors of 95 % in 2000) and one point for the approximation.
    draw = np.random.default_rng(20)
    held = 0
    for _ in range(2000):
        weights = draw.lognormal(1.5, 1.0, 120)
        _, low, high = weighted_share(draw.random(120) < 0.3, weights)
        held += low <= 0.3 <= high
    assert abs(held / 2000 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 2000) + 0.01
