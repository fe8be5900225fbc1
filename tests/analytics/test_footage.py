"""The chance of footage: products of shares, each as certain as what was counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import footage

SHARES = st.floats(0, 1)
CHANCES = st.lists(SHARES, max_size=30)
HOURS = st.lists(st.one_of(st.just(np.nan), st.floats(0, 2000)), min_size=1, max_size=80)


def factor(shares) -> pd.DataFrame:
    """A factor with an interval of a tenth to each side."""
    shares = np.asarray(shares, dtype=float)
    known = footage.known(np.ones(len(shares), bool))
    return known.assign(share=shares, low=np.maximum(shares - 0.1, 0), high=np.minimum(shares + 0.1, 1))


@given(CHANCES, SHARES)
def test_one_more_camera_never_lowers_the_chance(chances, more):
    before, after = footage.together(chances), footage.together([*chances, more])
    assert 0 <= before <= after <= 1
    assert after >= more or after == pytest.approx(more)


@given(CHANCES)
def test_together_is_one_minus_the_chance_that_all_miss_it(chances):
    assert footage.together(chances) == pytest.approx(1 - np.prod(1 - np.array(chances)), abs=1e-12)


def test_a_million_tiny_chances_lose_nothing():
    # 1 - (1 - 1e-12) ** 1e6, by the binomial series
    assert footage.together(np.full(1_000_000, 1e-12)) == pytest.approx(1e-6 - 0.5e-12, rel=1e-9)


@given(st.lists(st.tuples(SHARES, st.integers(0, 5)), max_size=40))
def test_groups_are_each_what_they_would_be_alone(pairs):
    chances = np.array([chance for chance, _ in pairs])
    groups = np.array([group for _, group in pairs], dtype=int)
    found = footage.together(chances, groups, 6)
    alone = [footage.together(chances[groups == group]) for group in range(6)]
    assert found == pytest.approx(alone, abs=1e-12)


@given(st.lists(st.tuples(SHARES, st.integers(0, 5)), max_size=40))
def test_several_cameras_have_at_least_the_chance_of_the_best_of_them(pairs):
    chances = np.array([chance for chance, _ in pairs])
    groups = np.array([group for _, group in pairs], dtype=int)
    best = footage.best(chances, groups, 6)
    assert best.tolist() == [chances[groups == group].max(initial=0) for group in range(6)]
    assert np.all(best <= footage.together(chances, groups, 6) + 1e-12)


@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=1, max_size=20))
def test_a_chance_is_the_product_of_its_factors_within_its_interval(shares):
    working, retained, willing = (factor(column) for column in zip(*shares, strict=True))
    found = footage.chances(working, retained, willing)
    assert found["chance"].to_numpy() == pytest.approx(np.prod(shares, axis=1))
    assert (found["chance_low"] <= found["chance"]).all()
    assert (found["chance"] <= found["chance_high"]).all()
    assert found["chance"].between(0, 1).all()


def test_what_is_kept_longer_than_its_age_leaves_exactly_working_and_willing():
    kept = footage.retained([100.0, 100.0, 100.0], 99.9, ["dome", "bullet", "dome"])
    found = footage.chances(factor([0.9, 0.8, 0.7]), kept, factor([0.5, 0.6, 1.0]))
    assert found["chance"].tolist() == [0.9 * 0.5, 0.8 * 0.6, 0.7]
    overwritten = footage.retained([100.0], 100.0, ["dome"])
    assert footage.chances(factor([0.9]), overwritten, factor([0.5]))["chance_high"].tolist() == [0.0]


def test_what_nobody_stated_is_the_share_of_its_kind_that_keep_it_longer():
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3: 81 of 263 gives 0.2553 to 0.3662
    hours = [72.0] * 81 + [24.0] * 182 + [500.0] * 40 + [np.nan] * 2
    kinds = ["doorbell"] * 263 + ["dome"] * 40 + ["doorbell", "ptz"]
    doorbell, ptz = footage.retained(hours, 48, kinds).iloc[-2:].itertuples()
    assert (doorbell.yes, doorbell.of, doorbell.basis) == (81, 263, "counted")
    assert doorbell.share == 81 / 263
    assert [doorbell.low, doorbell.high] == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert (ptz.yes, ptz.of) == (121, 303), "of a kind that nobody stated: all"


def test_a_kind_speaks_for_itself_once_enough_have_stated_it():
    def share_of_a_dome(domes: int) -> float:
        stated = pd.DataFrame(
            {"of": ["dome", "bullet"], "retention_hours": [10.0, 1000.0], "cameras": [domes, 100]}
        )
        return footage.retained([np.nan], 48, ["dome"], stated)["share"].item()

    assert share_of_a_dome(footage.ENOUGH) == 0.0
    assert share_of_a_dome(footage.ENOUGH - 1) == 100 / (100 + footage.ENOUGH - 1)


@given(HOURS, st.lists(st.floats(0, 2500), min_size=2, max_size=2))
def test_the_older_the_footage_the_less_is_kept(hours, ages):
    younger, older = sorted(ages)
    kinds = ["dome"] * len(hours)
    before, after = footage.retained(hours, younger, kinds), footage.retained(hours, older, kinds)
    assert (after["share"] <= before["share"]).all()
    assert (before["low"] <= before["share"]).all()
    assert (before["share"] <= before["high"]).all()


def test_where_nobody_ever_stated_how_long_nothing_is_known_of_it():
    (row,) = footage.retained([np.nan], 48, ["dome"]).itertuples(index=False)
    assert (row.low, row.high, row.basis, row.of) == (0.0, 1.0, "assumed", 0)


def test_answers_of_many_people_give_the_posterior_of_the_textbook():
    # Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.4: 437 girls of 980 births with a uniform
    # prior: mean 0.446, central 95 % interval 0.415 to 0.477
    born = np.ones(980)
    found = footage.answered(np.arange(980) < 437, born, assumed=0.5, worth=2)
    assert found[["share", "low", "high"]].to_numpy()[0] == pytest.approx([0.446, 0.415, 0.477], abs=5e-4)


def test_few_answers_stay_near_what_is_assumed_and_many_leave_it():
    few = footage.answered([1, 1], [1, 1], assumed=0.5, worth=10)["share"].item()
    many = footage.answered(np.ones(500), np.ones(500), assumed=0.5, worth=10)["share"].item()
    assert 0.5 < few < 0.6
    assert many > 0.98


def test_many_answers_of_few_people_tell_less_than_as_many_of_different_ones():
    of_many = footage.answered(np.arange(100) % 2, np.ones(100), assumed=0.5, worth=10)
    of_four = footage.answered([25, 0, 25, 0], [25] * 4, assumed=0.5, worth=10)
    assert of_four["of"].item() == of_many["of"].item() == 100
    assert (of_four["high"] - of_four["low"]).item() > 1.5 * (of_many["high"] - of_many["low"]).item()


def test_answers_that_are_all_the_same_count_each_person_once():
    one_person = footage.answered([40], [40], assumed=0.5, worth=10)
    once = footage.answered([1], [1], assumed=0.5, worth=10)
    assert one_person["share"].item() == once["share"].item()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30), st.floats(0.01, 0.99))
def test_a_share_of_answers_lies_within_its_interval(counts, assumed):
    yes, no = ([pair[side] for pair in counts] for side in (0, 1))
    of = np.add(yes, no)
    found = footage.answered(yes, of, assumed=assumed, worth=10).iloc[0]
    assert 0 <= found["low"] < found["share"] < found["high"] <= 1
    assert found["basis"] == ("counted" if sum(of) else "assumed")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: footage.together([0.5, 1.2]), "from 0 to 1"),
        (lambda: footage.together([0.5, np.nan]), "from 0 to 1"),
        (lambda: footage.together([0.5, 0.5], [0]), "one group for each"),
        (lambda: footage.answered([2], [1], 0.5, 10), "more often than asked"),
        (lambda: footage.answered([1], [1], 1.0, 10), "between 0 and 1"),
        (lambda: footage.answered([1], [1], 0.5, 0), "worth more than 0"),
        (lambda: footage.retained([24.0], np.nan, ["dome"]), "finite number of hours"),
        (lambda: footage.retained([-1.0], 24, ["dome"]), "less than 0 hours"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
