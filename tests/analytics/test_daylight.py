"""The sun, against published times and positions and against somebody else's program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from time import perf_counter

import astral
import astral.sun
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.daylight import CIVIL_TWILIGHT, dark, sun_elevation

CARROLLTON = (-85.08, 33.58)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-90, 90)


def utc(*moments: datetime | str) -> np.ndarray:
    """Aware moments, or ISO texts in UTC, as datetime64."""
    texts = [
        moment if isinstance(moment, str) else moment.astimezone(UTC).replace(tzinfo=None)
        for moment in moments
    ]
    return np.array(texts, dtype="datetime64[us]")


def elevation(moment: datetime | str, lon: float, lat: float) -> float:
    return float(sun_elevation(utc(moment), lon, lat)[0])


@pytest.mark.parametrize(
    ("moment", "lon", "lat", "published"),
    [
        # Reda and Andreas, NREL/TP-560-34302 (2008), appendix A.5: elevation without refraction.
        ("2003-10-17T19:30:30", -105.1786, 39.742476, 39.872046),
        # Zeniths by NREL's own program, without refraction as the sun is down: Auckland in 1910.
        ("1910-03-15T09:30:00", 174.740000, -36.840556, 90 - 122.642657),
        ("1910-03-15T12:30:00", 174.740000, -36.840556, 90 - 140.797480),
    ],
)
def test_published_positions_are_met_within_a_fiftieth_of_a_degree(moment, lon, lat, published):
    assert elevation(moment, lon, lat) == pytest.approx(published, abs=0.02)


# U.S. Naval Observatory, "Sun and Moon Data for One Day", as the pages of PyEphem (Atlanta) and of
# S. Kluge, Resources for GeoScience Education (Cape May, Washington) quote it; times to the minute, places to a
# tenth of a degree. Begin of civil twilight, sunrise, sunset, end of civil twilight.
EASTERN, EASTERN_DAYLIGHT = timezone(timedelta(hours=-5)), timezone(timedelta(hours=-4))
ALMANAC = [
    pytest.param(
        datetime(2009, 9, 6, tzinfo=EASTERN_DAYLIGHT), -84.4, 33.8, "6:50 7:15 19:56 20:21", id="Atlanta"
    ),
    pytest.param(datetime(2002, 3, 20, tzinfo=EASTERN), -74.9, 38.9, "5:37 6:04 18:12 18:39", id="Cape May"),
    pytest.param(
        datetime(2002, 3, 20, tzinfo=EASTERN), -77.0, 38.9, "5:45 6:12 18:21 18:47", id="Washington"
    ),
]


@pytest.mark.parametrize(("day", "lon", "lat", "clock"), ALMANAC)
def test_it_is_dark_outside_the_civil_twilight_of_the_naval_observatory(day, lon, lat, clock):
    dawn, sunrise, sunset, dusk = (
        day + timedelta(hours=int(time.split(":")[0]), minutes=int(time.split(":")[1]))
        for time in clock.split()
    )
    minutes = timedelta(minutes=2)
    dark_then = utc(day, dawn - minutes, dusk + minutes, day + timedelta(hours=23))
    light_then = utc(dawn + minutes, sunrise, day + timedelta(hours=12), sunset, dusk - minutes)
    assert dark(dark_then, lon, lat).tolist() == [True] * 4
    assert dark(light_then, lon, lat).tolist() == [False] * 5


@pytest.mark.parametrize(("day", "lon", "lat", "clock"), ALMANAC)
def test_the_sun_rises_and_sets_when_the_naval_observatory_says(day, lon, lat, clock):
    # There the centre of the sun is 50 arc minutes down: 34 of refraction and half the sun's width.
    # A minute is worth 0.2 degrees, and a place rounded to a tenth of a degree 0.05.
    for time in clock.split()[1:3]:
        hours, minutes = map(int, time.split(":"))
        moment = day + timedelta(hours=hours, minutes=minutes)
        assert elevation(moment, lon, lat) == pytest.approx(-50 / 60, abs=0.25)


@given(MOMENTS, LONGITUDES, st.floats(-89.7, 89.7))  # astral goes no nearer to the poles
@example(datetime(2000, 2, 29, 12, tzinfo=UTC), *CARROLLTON)
@example(datetime(1900, 3, 1, tzinfo=UTC), *CARROLLTON)
@example(datetime(2100, 2, 28, 23, 59, tzinfo=UTC), *CARROLLTON)
def test_an_independent_program_agrees_within_a_tenth_of_a_degree(moment, lon, lat):
    theirs = astral.sun.elevation(astral.Observer(lat, lon), moment, with_refraction=False)
    assert elevation(moment, lon, lat) == pytest.approx(theirs, abs=0.1)


def test_over_many_nights_the_same_hours_are_dark_as_an_independent_program_says():
    moments = pd.date_range("2024-01-01", "2025-01-01", freq="97min", tz=UTC)
    observer = astral.Observer(CARROLLTON[1], CARROLLTON[0])
    theirs = np.array([astral.sun.elevation(observer, m.to_pydatetime(), False) for m in moments])
    clear = np.abs(theirs - CIVIL_TWILIGHT) > 0.05
    ours = dark(moments, *CARROLLTON)
    assert clear.mean() > 0.99
    assert np.array_equal(ours[clear], (theirs < CIVIL_TWILIGHT)[clear])
    assert 0.4 < ours.mean() < 0.5


@given(st.lists(MOMENTS, max_size=20), LONGITUDES, LATITUDES)
def test_the_sun_is_between_straight_down_and_straight_up(moments, lon, lat):
    angles = sun_elevation(utc(*moments), lon, lat)
    assert angles.shape == (len(moments),)
    assert angles.dtype == np.float64
    assert np.all((angles >= -90) & (angles <= 90))


def test_the_sun_stands_straight_up_where_its_rounded_sine_is_more_than_one():
    assert elevation("2028-01-02T01:14:05.925015", 162.3722269758582, -22.967905167940746) == 90


@given(MOMENTS, LONGITUDES, LATITUDES)
def test_a_day_later_the_sun_stands_nearly_where_it_stood(moment, lon, lat):
    # Its declination moves by at most 0.4 degrees a day and the equation of time by half a minute (0.13).
    angles = sun_elevation(utc(moment, moment + timedelta(days=1)), lon, lat)
    assert abs(angles[1] - angles[0]) < 0.6


@given(MOMENTS, LONGITUDES, st.floats(-89, 89))
def test_the_sun_is_higher_at_local_noon_than_at_midnight(moment, lon, lat):
    midnight = moment.replace(hour=0, minute=0) - timedelta(hours=lon / 15)
    angles = sun_elevation(utc(midnight, midnight + timedelta(hours=12)), lon, lat)
    assert angles[1] > angles[0]


@given(MOMENTS, LATITUDES, st.floats(-180, 165))
def test_an_hour_is_15_degrees_of_longitude(moment, lat, lon):
    assert elevation(moment, lon + 15, lat) == pytest.approx(
        elevation(moment + timedelta(hours=1), lon, lat), abs=0.05
    )


def test_at_the_poles_the_sun_goes_round_at_its_declination():
    solstice = pd.date_range("2026-06-21", periods=24, freq="h", tz=UTC)
    assert sun_elevation(solstice, 0, 90) == pytest.approx(23.44, abs=0.02)
    assert sun_elevation(solstice, 0, -90) == pytest.approx(-23.44, abs=0.02)
    assert not dark(solstice, 10, 90).any()
    assert dark(solstice, 10, -90).all()


def test_the_place_north_of_the_arctic_circle_has_no_night_in_june_and_no_day_in_december():
    for month, ever_dark, ever_up in [(6, False, True), (12, True, False)]:
        day = pd.date_range(f"2026-{month}-21", periods=96, freq="15min", tz=UTC)
        angles = sun_elevation(day, 18.96, 69.65)
        assert dark(day, 18.96, 69.65).any() == ever_dark
        assert (angles > 0).any() == ever_up


def test_the_same_instant_in_any_zone_and_any_type_has_one_answer():
    there = pd.Series(pd.date_range("2026-03-07", periods=96, freq="30min", tz="America/New_York"))
    plain = there.dt.tz_convert(None).to_numpy()
    expected = sun_elevation(plain, *CARROLLTON)
    assert np.array_equal(sun_elevation(there, *CARROLLTON), expected)
    assert np.array_equal(sun_elevation(pd.DatetimeIndex(there), *CARROLLTON), expected)
    for unit in ("s", "ms", "us", "ns"):
        assert np.array_equal(sun_elevation(plain.astype(f"datetime64[{unit}]"), *CARROLLTON), expected)
        assert np.array_equal(sun_elevation(there.dt.as_unit(unit), *CARROLLTON), expected)


def test_a_missing_time_has_no_elevation_and_is_not_called_dark():
    times = np.array(["2026-01-01T06:00", "NaT", "2026-01-01T18:00"], dtype="datetime64[us]")
    for given_times in (times, pd.Series(times).dt.tz_localize("UTC")):
        assert np.isnan(sun_elevation(given_times, *CARROLLTON)).tolist() == [False, True, False]
        assert dark(given_times, *CARROLLTON).tolist() == [True, False, False]


def test_no_times_have_no_elevations():
    assert dark(np.array([], dtype="datetime64[us]"), *CARROLLTON).tolist() == []
    assert dark(pd.Series([], dtype="datetime64[us, UTC]"), *CARROLLTON).tolist() == []


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (pd.Series(pd.to_datetime(["2026-01-01"])), "time zone"),
        (pd.DatetimeIndex(["2026-01-01"]), "time zone"),
        (np.array([1.7e9]), "datetime64"),
        (np.array(["2026-01-01"]), "datetime64"),
    ],
)
def test_times_whose_zone_nobody_knows_are_refused_in_words(times, words):
    with pytest.raises(ValueError, match=words):
        sun_elevation(times, *CARROLLTON)


@pytest.mark.parametrize(
    ("lon", "lat"), [(181, 0), (-181, 0), (0, 91), (0, -91), (np.nan, 0), (0, np.nan), (np.inf, 0)]
)
def test_a_place_that_is_not_on_earth_is_refused_in_words(lon, lat):
    with pytest.raises(ValueError, match=r"longitude from -180 to 180"):
        dark(utc("2026-01-01"), lon, lat)


def test_a_million_times_take_less_than_a_second():
    # About 0.15 s on one quiet core; the bound leaves room for a busy machine.
    times = np.datetime64("2006-01-01", "us") + np.arange(1_000_000) * np.timedelta64(600, "s")
    start = perf_counter()
    assert dark(times, *CARROLLTON).shape == (1_000_000,)
    assert perf_counter() - start < 1
