"""Gaps steadied by empirical Bayes, their intervals, and the ranks that they may hold."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import optimize, stats

from analytics.gaps import Prior, fit, gaps, ranks

# Lip cancer in the 56 districts of Scotland 1975-80, observed and expected cases (Clayton & Kaldor 1987,
# table 1, as printed with the WinBUGS example "Lips").
LIPS = np.array([
    9, 39, 11, 9, 15, 8, 26, 7, 6, 20, 13, 5, 3, 8, 17, 9, 2, 7, 9, 7, 16, 31, 11, 7, 19, 15, 7, 10,
    16, 11, 5, 3, 7, 8, 11, 9, 11, 8, 6, 4, 10, 8, 2, 6, 19, 3, 2, 3, 28, 6, 1, 1, 1, 1, 0, 0,
])  # fmt: skip
LIPS_EXPECTED = np.array([
    1.4, 8.7, 3.0, 2.5, 4.3, 2.4, 8.1, 2.3, 2.0, 6.6, 4.4, 1.8, 1.1, 3.3, 7.8, 4.6, 1.1, 4.2, 5.5,
    4.4, 10.5, 22.7, 8.8, 5.6, 15.5, 12.5, 6.0, 9.0, 14.4, 10.2, 4.8, 2.9, 7.0, 8.5, 12.3, 10.1,
    12.7, 9.4, 7.2, 5.3, 18.8, 15.8, 4.3, 14.6, 50.7, 8.2, 5.6, 9.3, 88.7, 19.6, 3.4, 3.6, 5.7, 7.0,
    4.2, 1.8,
])  # fmt: skip


def column(values):
    return np.asarray(values, dtype=float)[:, None]


def held(mean, dispersion, shared=0.0):
    """A prior that is known exactly."""
    nothing = np.zeros(len(mean))
    return Prior(np.asarray(mean, dtype=float), np.asarray(dispersion, dtype=float), shared, nothing, nothing)


def city(draw, *, places=400, mean=(1.0, 0.3, 0.05), own=1.0, shared=0.0, in_view=(0.2, 0.6)):
    """Places whose true rates are known: unseen, doubt, exposure, and the expected unseen at each.

    Incidents are in view with a chance that depends on the place, and only the chance is known.
    """
    exposure = draw.lognormal(0, 0.7, places)
    factors = np.ones((places, len(mean)))
    if own:
        factors *= draw.gamma(1 / own, own, factors.shape)
    if shared:
        factors *= draw.gamma(1 / shared, shared, (places, 1))
    expected = exposure[:, None] * factors * mean
    chance = draw.uniform(*in_view, (places, 1))
    incidents = draw.poisson(expected / (1 - chance))
    return incidents * (1 - chance), incidents * chance * (1 - chance), exposure, expected


@st.composite
def cities(draw):
    places, classes = draw(st.integers(1, 25)), draw(st.integers(1, 4))
    shape = (places, classes)
    incidents = draw(hnp.arrays(float, shape, elements=st.integers(0, 30)))
    in_view = draw(hnp.arrays(float, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    exposure = draw(hnp.arrays(float, places, elements=st.floats(0.05, 50)))
    weights = draw(hnp.arrays(float, classes, elements=st.floats(0.5, 5000)))
    return incidents * (1 - in_view), incidents * in_view * (1 - in_view), exposure, weights


# The model


def test_with_a_known_prior_a_place_has_the_gamma_posterior():
    a, b = 1.5, 0.75
    unseen, exposure = np.array([0, 3, 12]), np.array([0.5, 2.0, 4.0])
    table = gaps(column(unseen), np.zeros((3, 1)), exposure, [1], prior=held([a / b], [1 / a]))
    posterior = stats.gamma(a + unseen, scale=exposure / (b + exposure))
    assert table["gap"].to_numpy() == pytest.approx(posterior.mean())
    assert table["low"].to_numpy() == pytest.approx(posterior.ppf(0.025))
    assert table["high"].to_numpy() == pytest.approx(posterior.ppf(0.975))


def test_location_error_widens_the_interval_as_the_mixture_over_what_may_have_happened_does():
    a, b, exposure, n, in_view = 2.0, 1.0, 3.0, 9, 0.3
    truly = np.arange(n + 1)
    chance = stats.binom.pmf(truly, n, 1 - in_view)
    posterior = stats.gamma(a + truly, scale=exposure / (b + exposure))
    mean = chance @ posterior.mean()
    variance = chance @ (posterior.var() + posterior.mean() ** 2) - mean**2
    matched = stats.gamma(mean**2 / variance, scale=variance / mean)
    table = gaps([[n * 0.7]], [[n * 0.3 * 0.7]], [exposure], [1], prior=held([a / b], [1 / a]))
    assert table.loc[0, "gap"] == pytest.approx(mean)
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx(matched.ppf([0.025, 0.975]))


def test_a_factor_that_classes_share_is_the_gamma_posterior_of_their_total():
    # With nothing of their own, classes are one Poisson count, whatever the weights of their harm.
    shared, mean, weights, exposure = 0.5, np.array([2.0, 0.1]), np.array([1.0, 50.0]), 3.0
    table = gaps([[4.0, 1.0]], [[0.0, 0.0]], [exposure], weights, prior=held(mean, [0, 0], shared))
    posterior = stats.gamma(1 / shared + 5, scale=1 / (1 / shared + exposure * mean.sum()))
    harm = exposure * weights @ mean
    spread = stats.gamma(posterior.mean() ** 2 / posterior.var(), scale=posterior.var() / posterior.mean())
    assert table.loc[0, "gap"] == pytest.approx(harm * posterior.mean())
    assert table.loc[0, "high"] == pytest.approx(harm * spread.ppf(0.975))


# The fit


def likeliest(counts, exposure):
    """Mean and dispersion that maximise the negative binomial likelihood, found numerically."""

    def unlikely(logs):
        mean, size = np.exp(logs)
        return -stats.nbinom.logpmf(counts, size, size / (size + mean * exposure)).sum()

    mean, size = np.exp(optimize.minimize(unlikely, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8}).x)
    return mean, 1 / size


def test_lip_cancer_in_scotland_varies_as_the_likelihood_says():
    # No published figure to hold against: moments and likelihood are two estimators of the same thing,
    # so they are to agree within what the moments claim to be unsure about.
    prior = fit(column(LIPS), np.zeros((56, 1)), LIPS_EXPECTED)
    mean, dispersion = likeliest(LIPS, LIPS_EXPECTED)
    assert abs(prior.mean[0] - mean) < math.sqrt(prior.mean_variance[0])
    assert abs(prior.dispersion[0] - dispersion) < math.sqrt(prior.dispersion_variance[0])


def test_lip_cancer_in_scotland_solves_the_two_moment_equations():
    def equations(logs):
        mean, dispersion = np.exp(logs)
        expected = mean * LIPS_EXPECTED
        weight = 1 / (1 + dispersion * expected)
        scatter = 56 / 55 * (LIPS - expected) ** 2 - LIPS - dispersion * expected**2
        return (LIPS - expected) @ weight, scatter @ weight**2

    mean, dispersion = np.exp(optimize.root(equations, [0, 0]).x)
    prior = fit(column(LIPS), np.zeros((56, 1)), LIPS_EXPECTED)
    assert prior.mean[0] == pytest.approx(mean, rel=1e-5)
    assert prior.dispersion[0] == pytest.approx(dispersion, rel=1e-5)


def test_many_places_give_back_how_they_were_made_though_only_chances_are_known():
    # 20,000 places: each figure within four of the standard errors that the fit itself states.
    unseen, doubt, exposure, _ = city(np.random.default_rng(5), places=20_000, own=1.0, shared=0.0)
    prior = fit(unseen, doubt, exposure)
    assert (np.abs(prior.mean - [1, 0.3, 0.05]) < 4 * np.sqrt(prior.mean_variance)).all()
    off = np.abs((1 + prior.dispersion) * (1 + prior.shared) - 1 - 1)
    assert (off < 4 * np.sqrt(prior.dispersion_variance)).all()
    # A likelihood that takes the expected counts for counts would see far less of it.
    size = optimize.minimize_scalar(
        lambda log: (
            -stats.nbinom.logpmf(
                np.round(unseen[:, 0]), np.exp(log), np.exp(log) / (np.exp(log) + exposure)
            ).sum()
        ),
        bounds=(-3, 6),
    ).x
    assert np.exp(-size) < 0.9


def test_what_classes_share_is_told_from_what_they_do_not():
    draw = np.random.default_rng(6)
    apart = fit(*city(draw, places=20_000, own=1.0, shared=0.0)[:3])
    together = fit(*city(draw, places=20_000, own=0.0, shared=1.0)[:3])
    assert apart.shared < 0.05
    assert apart.dispersion[0] == pytest.approx(1, abs=0.1)
    assert together.shared == pytest.approx(1, abs=0.1)
    assert together.dispersion[0] < 0.1


def test_where_chance_explains_all_every_place_gets_the_common_rate():
    exposure = np.array([1.0, 2.0, 4.0])
    table = gaps(column([2, 4, 8]), np.zeros((3, 1)), exposure, [3])
    assert table["gap"].to_numpy() == pytest.approx(3 * 2 * exposure)
    assert (table["low"] < table["gap"]).all()  # the common rate is not known for certain


def test_places_that_only_chance_tells_apart_share_all_ranks():
    table = gaps(column([4, 5, 6]), np.zeros((3, 1)), np.ones(3), [1])
    assert table["gap"].to_numpy() == pytest.approx([5, 5, 5])
    assert table["rank_low"].tolist() == [1, 1, 1]
    assert table["rank_high"].tolist() == [3, 3, 3]


def test_one_extreme_place_is_drawn_towards_the_others_and_they_towards_it():
    table = gaps(column([12, 1, 0, 2, 1]), np.zeros((5, 1)), np.ones(5), [1])
    assert 3.2 < table.loc[0, "gap"] < 12
    assert 0 < table.loc[2, "gap"] < 3.2


# What holds for any city


@given(cities(), st.floats(0.01, 100))
def test_harm_in_another_unit_is_the_same_gap_in_that_unit(town, unit):
    unseen, doubt, exposure, weights = town
    plain, scaled = gaps(unseen, doubt, exposure, weights), gaps(unseen, doubt, exposure, weights * unit)
    names = ["observed", "gap", "low", "high"]
    assert scaled[names].to_numpy() == pytest.approx(plain[names].to_numpy() * unit, rel=1e-6)
    pd.testing.assert_series_equal(scaled["incidents"], plain["incidents"])


@given(cities(), st.floats(0.01, 100))
def test_exposure_in_another_unit_changes_nothing(town, unit):
    unseen, doubt, exposure, weights = town
    plain, scaled = gaps(unseen, doubt, exposure, weights), gaps(unseen, doubt, exposure * unit, weights)
    names = ["observed", "gap", "low", "high"]
    assert scaled[names].to_numpy() == pytest.approx(plain[names].to_numpy(), rel=1e-4, abs=1e-6)


@given(cities(), st.randoms())
def test_the_order_of_places_does_not_matter(town, shuffler):
    unseen, doubt, exposure, weights = town
    order = list(range(len(exposure)))
    shuffler.shuffle(order)
    names = ["observed", "gap", "low", "high"]
    plain = gaps(unseen, doubt, exposure, weights)[names].to_numpy()[order]
    shuffled = gaps(unseen[order], doubt[order], exposure[order], weights)[names].to_numpy()
    assert shuffled == pytest.approx(plain, rel=1e-4, abs=1e-6)


@given(cities())
def test_the_gaps_of_one_class_add_up_to_what_was_observed(town):
    unseen, doubt, exposure, weights = town
    table = gaps(unseen[:, :1], doubt[:, :1], exposure, weights[:1])
    assert table["gap"].sum() == pytest.approx(table["observed"].sum(), rel=1e-3)


@given(cities(), st.floats(0.1, 10), st.data())
def test_with_the_prior_held_one_more_unseen_incident_never_lowers_a_gap(town, more, data):
    unseen, doubt, exposure, weights = town
    classes = len(weights)
    dispersion = data.draw(hnp.arrays(float, classes, elements=st.floats(0, 5)))
    prior = held(np.linspace(2, 0.1, classes), dispersion, data.draw(st.floats(0, 5)))
    place, kind = data.draw(st.integers(0, len(exposure) - 1)), data.draw(st.integers(0, classes - 1))
    worse = unseen.copy()
    worse[place, kind] += more
    before = gaps(unseen, doubt, exposure, weights, prior=prior)["gap"]
    after = gaps(worse, doubt, exposure, weights, prior=prior)["gap"]
    assert after[place] >= before[place] * (1 - 1e-9)
    assert after.drop(place).tolist() == pytest.approx(before.drop(place).tolist())


@given(cities())
def test_each_interval_holds_its_gap_and_each_rank_interval_its_rank(town):
    unseen, doubt, exposure, weights = town
    table = gaps(unseen, doubt, exposure, weights)
    assert (table["low"] >= 0).all()
    assert ((table["low"] <= table["gap"]) & (table["gap"] <= table["high"])).all()
    best = table["gap"].rank(ascending=False, method="min")
    worst = table["gap"].rank(ascending=False, method="max")
    assert (table["rank_low"] <= best).all()
    assert (table["rank_high"] >= worst).all()


@given(cities(), st.data())
def test_a_place_without_exposure_is_kept_unranked_and_the_others_do_not_notice_it(town, data):
    unseen, doubt, exposure, weights = town
    empty = data.draw(st.integers(0, len(exposure)))
    with_it = gaps(
        np.insert(unseen, empty, 1.0, axis=0),
        np.insert(doubt, empty, 0.0, axis=0),
        np.insert(exposure, empty, 0.0),
        weights,
    )
    assert with_it.loc[empty, "observed"] == pytest.approx(weights.sum())
    assert with_it.loc[empty, ["gap", "low", "high", "rank_low", "rank_high"]].isna().all()
    alone = gaps(unseen, doubt, exposure, weights)
    pd.testing.assert_frame_equal(with_it.drop(empty).reset_index(drop=True), alone)


@pytest.mark.parametrize("places", [0, 1, 3])
def test_where_nothing_is_unseen_no_gap_is_claimed(places):
    table = gaps(np.zeros((places, 2)), np.zeros((places, 2)), np.ones(places), [1, 10])
    assert len(table) == places
    assert (table[["observed", "gap", "low", "high"]] == 0).all(axis=None)
    assert (table["rank_low"] == 1).all()
    assert (table["rank_high"] == places).all()


def test_many_places_are_read_off_a_table_as_right_as_one_worked_out():
    unseen, doubt, exposure, _ = city(np.random.default_rng(8), places=5000)
    prior = fit(unseen, doubt, exposure)
    whole = gaps(unseen, doubt, exposure, [1, 10, 100], prior=prior)
    few = gaps(unseen[:200], doubt[:200], exposure[:200], [1, 10, 100], prior=prior)
    for end in ("low", "high"):
        assert whole[end][:200].to_numpy() == pytest.approx(few[end].to_numpy(), rel=1e-4)


# Ranks


INTERVALS = hnp.arrays(float, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(0, 30)).map(
    lambda ends: np.sort(ends, axis=1).T
)


@given(INTERVALS)
def test_ranks_count_those_wholly_above_and_wholly_below(ends):
    low, high = ends
    rank_low, rank_high = ranks(low, high)
    assert rank_low.tolist() == [1 + sum(low > end) for end in high]
    assert rank_high.tolist() == [len(low) - sum(high < end) for end in low]


@given(INTERVALS)
def test_two_places_whose_intervals_overlap_are_never_ranked_apart(ends):
    low, high = ends
    rank_low, rank_high = ranks(low, high)
    for one in range(len(low)):
        overlapping = (low <= high[one]) & (high >= low[one])
        assert (rank_low[overlapping] <= rank_high[one]).all()
        assert (rank_high[overlapping] >= rank_low[one]).all()


@pytest.mark.parametrize(("low", "high"), [([2], [1]), ([math.nan], [1]), ([1, 2], [3])])
def test_intervals_that_are_none_cannot_be_ranked(low, high):
    with pytest.raises(ValueError, match="low <= high"):
        ranks(low, high)


# How often it is right


@pytest.mark.parametrize(("own", "shared"), [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (0.0, 0.0)])
def test_intervals_and_ranks_hold_the_truth_as_often_as_they_say(own, shared):
    # 100 cities of 400 places. Places of one city stand or fall together with its fit, so the tolerance is
    # that of 100 independent trials: three binomial standard errors. The other way the gamma approximation
    # and the error of the prior may make them wider than needed, so only the lower side is a promise.
    draw = np.random.default_rng(11)
    weights = np.array([1.0, 10.0, 100.0])
    inside, ranked = [], []
    for _ in range(100):
        unseen, doubt, exposure, expected = city(draw, own=own, shared=shared)
        table = gaps(unseen, doubt, exposure, weights)
        truth = expected @ weights
        inside.append(((table["low"] <= truth) & (truth <= table["high"])).mean())
        rank = stats.rankdata(-truth)
        ranked.append(((table["rank_low"] <= rank) & (rank <= table["rank_high"])).all())
    tolerance = 3 * math.sqrt(0.95 * 0.05 / 100)
    assert np.mean(inside) > 0.95 - tolerance
    assert np.mean(ranked) > 0.95 - tolerance


def test_intervals_are_not_wider_than_they_need_be_where_there_is_much_to_go_by():
    # 3000 places that differ, a few incidents each, and no doubt about which of them were in view: there
    # the interval is to be right both ways, but for 1 % for its approximations and for chance.
    unseen, doubt, exposure, expected = city(
        np.random.default_rng(12), places=3000, mean=(3.0, 1.0), in_view=(0, 0)
    )
    table = gaps(unseen, doubt, exposure, [1, 5])
    truth = expected @ [1, 5]
    inside = ((table["low"] <= truth) & (truth <= table["high"])).mean()
    assert abs(inside - 0.95) < 0.01 + 3 * math.sqrt(0.95 * 0.05 / 3000)


def test_places_that_differ_beyond_doubt_are_ranked_apart():
    unseen = np.array([400.0, 390.0, 10.0, 12.0, 0.0])
    table = gaps(column(unseen), np.zeros((5, 1)), np.ones(5), [1])
    assert table["rank_high"][:2].max() < table["rank_low"][2:].min()
    assert table["rank_low"][0] == table["rank_low"][1] == 1


# What is refused


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unseen": [[1.0]]}, "unseen has shape"),
        ({"doubt": [[0.0, 0.0]]}, "doubt has shape"),
        ({"exposure": [[1.0], [1.0]]}, "one number a place"),
        ({"unseen": [[-1.0], [1.0]]}, "unseen must be numbers of 0 or more"),
        ({"doubt": [[math.nan], [1.0]]}, "doubt must be numbers of 0 or more"),
        ({"exposure": [math.inf, 1.0]}, "exposure must be numbers of 0 or more"),
        ({"weights": [-1.0]}, "weights must be numbers of 0 or more"),
        ({"confidence": 95}, "between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(change, reason):
    sound = {
        "unseen": [[1.0], [2.0]],
        "doubt": [[0.0], [0.0]],
        "exposure": [1.0, 1.0],
        "weights": [1.0],
    }
    with pytest.raises(ValueError, match=reason):
        gaps(**sound | change)


def test_rates_are_not_fitted_to_places_that_are_not_there():
    with pytest.raises(ValueError, match="exposure 0"):
        fit([[1.0], [2.0]], [[0.0], [0.0]], [1.0, 0.0])
