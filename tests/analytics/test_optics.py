"""How far cameras resolve, against figures worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import optics
from analytics.optics import KINDS, LEVELS, MAX_RANGE_M, completed, px_per_m, range_m

DOCS = Path(__file__).resolve().parents[2] / "docs" / "optics.md"
FIELDS = st.floats(0.1, 360)
WIDTHS = st.integers(100, 20_000)


def test_the_levels_are_those_of_the_standard_from_coarse_to_fine():
    assert dict(LEVELS) == {"detect": 25, "observe": 62.5, "recognise": 125, "identify": 250}
    assert list(LEVELS) == sorted(LEVELS, key=LEVELS.__getitem__)


@pytest.mark.parametrize(
    ("level", "width", "hfov", "metres"),
    [
        (
            250,
            1920,
            90,
            3.84,
        ),  # a full HD picture is 7.68 m wide at 250 px/m; at 90 degrees half of that away
        (25, 1920, 90, 38.4),
        (62.5, 2560, 60, 35.4727),  # 40.96 m wide; / (2 tan 30)
        (125, 3840, 30, 57.3243),  # 30.72 m wide; / (2 tan 15)
        (25, 2688, 84, 59.7065),  # a 4 mm lens on a 4 megapixel sensor
        (62.5, 1920, 100, 17.6014),  # equidistant from 100 degrees on: 30.72 / 1.74533
        (25, 1536, 180, 19.5570),  # 61.44 / pi
        (25, 2560, 360, 16.2975),  # 102.4 / (2 pi)
    ],
)
def test_ranges_agree_with_figures_worked_by_hand(level, width, hfov, metres):
    assert range_m(level, width, hfov) == pytest.approx(metres, rel=1e-5)


def test_a_flat_lens_just_below_100_degrees_and_a_bent_one_from_there_on():
    assert range_m(25, 1000, 99.999999) == pytest.approx(40 / (2 * np.tan(np.radians(50))), rel=1e-6)
    assert range_m(25, 1000, 100) == pytest.approx(40 / np.radians(100))


@given(st.floats(0.01, 1000), WIDTHS, FIELDS)
def test_pixels_a_metre_is_the_inverse_of_range(metres, width, hfov):
    assert range_m(px_per_m(metres, width, hfov), width, hfov) == pytest.approx(metres)


@given(WIDTHS, FIELDS)
def test_a_finer_level_never_reaches_farther(width, hfov):
    ranges = [range_m(level, width, hfov) for level in LEVELS.values()]
    assert ranges == sorted(ranges, reverse=True)


def test_numbers_give_a_number_and_arrays_broadcast():
    assert isinstance(range_m(25, 1920, 90), float)
    table = range_m([[25.0], [250.0]], 1920, [60.0, 90.0, 120.0])
    assert table.shape == (2, 3)
    assert table[1, 1] == pytest.approx(3.84)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 1920, 90), "level"),
        ((np.nan, 1920, 90), "level"),
        ((25, -1, 90), "width"),
        ((25, np.inf, 90), "width"),
        ((25, 1920, 0), "field of view"),
        ((25, 1920, 361), "field of view"),
        ((25, 1920, np.nan), "field of view"),
        (([25, 0], 1920, 90), "level"),
    ],
)
def test_impossible_optics_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        range_m(*arguments)


def test_a_distance_of_nothing_is_refused():
    with pytest.raises(ValueError, match="distance"):
        px_per_m(0, 1920, 90)


def test_each_kind_is_assumed_to_be_a_camera_that_can_be():
    owned = {"doorbell", "bullet", "dome", "turret", "4k", "ptz", "floodlight", "indoor", "other"}
    assert set(KINDS) == owned | {"city", "alpr"}
    for kind in KINDS.values():
        assert 20 <= kind.hfov <= 180
        assert 10 < kind.range_m("detect") <= MAX_RANGE_M
        assert kind.range_m("identify") < kind.range_m()
        assert 0 <= kind.night_m <= MAX_RANGE_M
    assert set(KINDS) >= optics.TURNING


def test_the_docs_list_every_kind_with_its_figures_and_where_they_come_from():
    lines = DOCS.read_text().splitlines()
    for kind, assumed in KINDS.items():
        day = [assumed.range_m(level) for level in LEVELS]
        night = [min(metres, assumed.night_m) for metres in day]
        told = [" / ".join(f"{metres:.1f}" for metres in distances) for distances in (day, night)]
        figures = f"{assumed.hfov:g} | {assumed.width_px} | {assumed.night_m:g} | {told[0]} | {told[1]}"
        rows = [line for line in lines if line.startswith(f"| `{kind}` |")]
        assert len(rows) == 2
        assert rows[0] == f"| `{kind}` | {assumed.label} | {figures} |"
        assert "*" in rows[1] or "assumed, not checked" in rows[1]
    assert len([line for line in lines if line.startswith("| `")]) == 2 * len(KINDS)


def test_the_docs_give_the_levels_their_pixels():
    for name, pixels in LEVELS.items():
        assert f"| {name} | {pixels:g} | {1000 / pixels:g} mm |" in DOCS.read_text()


def cameras(**columns) -> pd.DataFrame:
    """One turret, or whatever else the columns say."""
    return pd.DataFrame({"kind": ["turret"], "azimuth": [0.0]} | columns)


def test_what_an_owner_stated_is_kept_and_not_called_assumed():
    answer = completed(cameras(hfov=[90.0], width_px=[1920]), "identify").iloc[0]
    assert answer["range_m"] == pytest.approx(3.84)
    assert not answer["assumed_optics"]


@pytest.mark.parametrize("stated", [{}, {"hfov": [90.0]}, {"width_px": [1920]}, {"width_px": [None]}])
def test_what_is_filled_in_is_called_assumed(stated):
    answer = completed(cameras(**stated)).iloc[0]
    turret = KINDS["turret"]
    hfov = stated.get("hfov", [turret.hfov])[0]
    width = 1920 if stated.get("width_px") == [1920] else turret.width_px
    assert (answer["hfov"], answer["width_px"]) == (hfov, width)
    assert answer["range_m"] == pytest.approx(range_m(LEVELS["observe"], width, hfov))
    assert answer["assumed_optics"]


@pytest.mark.parametrize("stated", [None, True, np.nan, pd.NA])
def test_in_the_dark_a_camera_sees_as_far_as_its_kinds_light_unless_its_owner_says_it_has_none(stated):
    answer = completed(cameras(night_vision=[stated])).iloc[0]
    assert (answer["night_m"], answer["assumed_night"]) == (KINDS["turret"].night_m, True)


@pytest.mark.parametrize("dtype", [object, bool, "boolean", float])
def test_without_night_vision_a_camera_sees_nothing_in_the_dark(dtype):
    answer = completed(cameras(night_vision=pd.Series([False], dtype=dtype))).iloc[0]
    assert (answer["night_m"], answer["assumed_night"]) == (0.0, False)


def test_where_there_is_no_such_column_the_light_is_the_kinds_and_a_street_camera_has_none():
    answer = completed(cameras(kind=["city"]))
    assert answer["night_m"].dtype == float
    assert (answer["night_m"][0], answer["assumed_night"][0]) == (0.0, True)


def test_no_light_is_believed_beyond_the_largest_range(monkeypatch):
    far = optics.Optics("Search light", 60.0, 1920, 500.0)
    monkeypatch.setattr(optics, "KINDS", {"turret": far})
    assert completed(cameras())["night_m"].tolist() == [MAX_RANGE_M]


def test_levels_of_the_departments_own_move_the_range():
    doubled = {name: 2 * pixels for name, pixels in LEVELS.items()}
    assert completed(cameras(), "observe", doubled)["range_m"][0] == pytest.approx(
        completed(cameras(), "recognise")["range_m"][0]
    )
    assert KINDS["turret"].range_m("observe", doubled) == KINDS["turret"].range_m("recognise")
    assert optics.pixels_of("detect", doubled) == 50


def test_levels_come_back_in_their_order():
    given_levels = {"identify": 250, "recognise": 125, "observe": 62.5, "detect": 25}
    assert list(optics.checked_levels(given_levels).items()) == list(LEVELS.items())


@pytest.mark.parametrize(
    "levels",
    [
        {"detect": 25, "observe": 62.5, "recognise": 125},
        {**LEVELS, "see": 300},
        {**LEVELS, "detect": 0},
        {**LEVELS, "detect": -25},
        {**LEVELS, "observe": 25},
        {**LEVELS, "recognise": 250, "identify": 125},
        {**LEVELS, "identify": float("inf")},
        {**LEVELS, "detect": float("nan")},
        {**LEVELS, "detect": "25"},
        {**LEVELS, "detect": None},
        [25, 62.5, 125, 250],
        None,
    ],
)
def test_levels_that_cannot_be_are_refused_in_one_sentence(levels):
    words = r"^Give pixels a metre for exactly these levels, .*: detect, observe, recognise, identify\.$"
    with pytest.raises(ValueError, match=words):
        optics.checked_levels(levels)


def test_a_direction_nobody_stated_covers_nothing():
    answer = completed(cameras(azimuth=[None]))
    assert answer["range_m"].tolist() == [0.0]
    assert completed(cameras().drop(columns="azimuth"))["range_m"].tolist() == [0.0]


def test_an_all_round_camera_needs_no_direction():
    assert completed(cameras(azimuth=[None], hfov=[360.0]))["range_m"][0] > 0


def test_no_lens_is_believed_beyond_the_largest_range():
    assert completed(cameras(hfov=[2.0], width_px=[3840]), "detect")["range_m"].tolist() == [MAX_RANGE_M]


def test_the_frame_given_is_left_alone_and_its_index_kept():
    given_frame = cameras().set_index(pd.Index(["a"]))
    before = given_frame.copy()
    assert completed(given_frame).index.tolist() == ["a"]
    pd.testing.assert_frame_equal(given_frame, before)


def test_no_cameras_are_completed_to_none():
    assert completed(pd.DataFrame({"kind": []}))["range_m"].tolist() == []


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (cameras(kind=["drone"]), "drone"),
        (cameras(kind=[None]), "None"),
        (pd.DataFrame({"azimuth": [1.0]}), "no column 'kind'"),
        (cameras(azimuth=[np.inf]), "azimuth"),
        (cameras(hfov=[400.0]), "field of view"),
        (cameras(width_px=[0]), "width"),
        (cameras(night_vision=[2]), "Night vision"),
    ],
)
def test_cameras_that_cannot_be_are_refused_in_words(frame, words):
    with pytest.raises(ValueError, match=words):
        completed(frame)


def test_an_unknown_level_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"recognize.*detect, observe, recognise, identify"):
        optics.pixels_of("recognize")
