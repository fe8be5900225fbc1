"""What cameras see, against plain shapely on random scenes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import geometry, viewshed
from analytics.geometry import MOUNT_TOLERANCE_M, WallIndex
from analytics.viewshed import STANDOFF_M, cast, mounted, walls_of
from tests.analytics import scenes
from tests.shared_data import shared

SEEDS = st.integers(0, 2**32 - 1)
NO_WALLS = np.empty((0, 4))


def camera(**columns) -> pd.DataFrame:
    """One camera at the origin that looks north, 90 degrees wide and 30 metres far, or as said."""
    return pd.DataFrame([{"x": 0.0, "y": 0.0, "azimuth": 0.0, "hfov": 90.0, "range_m": 30.0} | columns])


def sees(cameras: pd.DataFrame, walls: np.ndarray, *points: tuple[float, float]) -> list[bool]:
    return cast(cameras, walls).sees(0, points).tolist()


# Without walls


def test_a_camera_sees_its_sector_and_nothing_else():
    ahead, edge, beside, behind, beyond = (0, 29), (20, 20), (21, 20), (0, -5), (0, 31)
    assert sees(camera(), NO_WALLS, ahead, edge, beside, behind, beyond) == [True, True, False, False, False]


def test_the_range_and_the_edges_of_the_view_belong_to_it():
    assert sees(camera(), NO_WALLS, (0, 30), (3, 3), (-3, 3), (0, 0)) == [True] * 4


def test_azimuths_are_clockwise_from_north_and_wrap():
    for azimuth in (90, 450, -270):
        assert sees(camera(azimuth=azimuth), NO_WALLS, (10, 0), (0, 10), (-10, 0)) == [True, False, False]
    just_west_of_north = camera(azimuth=350, hfov=40)
    assert sees(just_west_of_north, NO_WALLS, (1, 10), (-3, 10), (4, 10), (-8, 10)) == [
        True,
        True,
        False,
        False,
    ]


def test_an_all_round_camera_sees_behind_itself_with_or_without_an_azimuth():
    for azimuth in (0.0, 77.0, np.nan):
        assert sees(camera(hfov=360, azimuth=azimuth), NO_WALLS, (0, -29), (29, 0), (-20, -20)) == [True] * 3


def test_a_camera_of_range_0_sees_nothing_not_even_its_own_place():
    viewsheds = cast(camera(range_m=0, azimuth=np.nan), NO_WALLS)
    assert not viewsheds.sees(0, [[0, 0]]).any()
    assert not viewsheds.depth.any()
    assert viewsheds.polygons().is_empty.all()


def test_the_area_of_an_open_view_is_that_of_its_sector():
    fields = np.array([10.0, 90.0, 180.0, 300.0, 360.0])
    cameras = pd.concat([camera(hfov=hfov) for hfov in fields], ignore_index=True)
    areas = cast(cameras, NO_WALLS).polygons().area
    assert areas.to_numpy() == pytest.approx(np.pi * 30**2 * fields / 360, rel=1e-9)


# Behind walls


def test_a_camera_does_not_see_through_a_building():
    house = walls_of([shapely.box(-5, 10, 5, 20)])
    front, face, inside, behind, past = (0, 9), (0, 10), (0, 15), (0, 25), (12, 13)
    assert sees(camera(), house, front, face, inside, behind, past) == [True, True, False, False, True]


def test_depth_is_the_distance_to_the_first_wall_along_each_ray():
    house = walls_of([shapely.box(-5, 10, 5, 20), shapely.box(-50, 25, 50, 26)])
    depth = cast(camera(), house, rays=3).depth
    assert depth.dtype == np.float32
    assert depth.tolist() == [[30, 10, 30]]
    all_round = cast(camera(hfov=360), house, rays=4).depth  # south, west, north, east
    assert all_round.tolist() == [[30, 30, 10, 30]]


def test_a_line_of_sight_that_touches_a_corner_is_hidden():
    assert sees(camera(), walls_of([shapely.box(5, 5, 6, 6)]), (4.9, 4.9), (10, 10)) == [True, False]
    assert sees(camera(), np.array([[0.0, 5.0, 0.0, 6.0]]), (0, 4.9), (0, 10)) == [True, False]


def test_no_ray_slips_between_two_walls_at_their_corner():
    # A closed ring of many walls: every ray from within must end at it.
    ring = shapely.Point(3, 4).buffer(12, quad_segs=200)
    viewsheds = cast(camera(hfov=360, range_m=100), walls_of([ring]), rays=4096)
    assert viewsheds.depth.max() < 18
    assert viewsheds.polygons().area[0] == pytest.approx(ring.area)


def test_a_wall_much_longer_than_the_range_hides_too():
    assert sees(camera(), np.array([[-9e5, 10.0, 9e5, 11.0]]), (0, 10), (0, 11)) == [True, False]


def test_an_outline_has_the_corners_it_needs_and_no_more():
    across = np.array([[-50.0, 10.0, 50.0, 10.0]])
    assert (
        cast(camera(), across)
        .polygons()[0]
        .equals_exact(shapely.Polygon([(0, 0), (-10, 10), (10, 10)]), 1e-9)
    )


def test_a_wall_without_length_hides_nothing():
    assert sees(camera(), np.array([[0.0, 5.0, 0.0, 5.0]]), (0, 10)) == [True]


# Walls that cross


def test_where_walls_cross_the_outline_turns_exactly_there():
    cross = np.array([[-5.0, 5.0, 5.0, 15.0], [-5.0, 15.0, 5.0, 5.0]])
    seen = cast(camera(), cross).polygons()[0]
    assert seen.normalize().equals_exact(
        shapely.Polygon([(0, 0), (-5, 5), (0, 10), (5, 5)]).normalize(), 1e-9
    )


@pytest.mark.parametrize(
    ("walls", "pieces"),
    [
        ([[0, 0, 10, 10], [0, 10, 10, 0]], 4),  # they cross
        ([[0, 0, 10, 0], [5, -5, 5, 5], [7, -5, 7, 5]], 7),  # one is crossed twice
        ([[0, 0, 10, 0], [0, 0, 10, 0]], 2),  # a duplicate
        ([[0, 0, 10, 0], [15, 0, 5, 0]], 2),  # along each other
        ([[0, 0, 10, 0], [5, 0, 5, 5]], 2),  # one ends at the other
        ([[0, 0, 10, 0], [5, -1e-9, 5, 5]], 2),  # the same, but for rounding
        ([[0, 0, 10, 0], [10, 0, 10, 10]], 2),  # a corner
        ([[0, 0, 10, 0], [0, 5, 10, 5]], 2),  # they do not meet
        ([[-9e5, 1, 9e5, 1], [3, 0, 3, 2]], 4),  # one of them is very long
    ],
)
def test_walls_are_cut_where_they_cross_and_nowhere_else(walls, pieces):
    found = WallIndex.of(walls).walls
    assert len(found) == pieces
    lines = shapely.multilinestrings(np.asarray(walls, dtype=float).reshape(-1, 2, 2))
    assert np.hypot(*(found[:, 2:] - found[:, :2]).T).sum() == pytest.approx(lines.length)
    assert shapely.covers(shapely.buffer(lines, 1e-6), shapely.points(found[:, :2])).all()


def test_thousands_of_walls_may_cross_in_one_place():
    turn = np.linspace(0, np.pi, 2000, endpoint=False)
    spoke = 20 * np.column_stack([np.cos(turn), np.sin(turn)])
    walls = np.hstack([-spoke, spoke]) + np.tile(scenes.FAR_AWAY, 2)
    assert len(WallIndex.of(walls).walls) == 4000


# Against plain shapely


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 60))
def test_sight_agrees_with_plain_shapely(seed, count):
    random = np.random.default_rng(seed)
    built = scenes.houses(random, count)
    walls = walls_of(built)
    cameras = scenes.cameras(random, 5, built)
    viewsheds = cast(cameras, walls)
    for position, one in enumerate(cameras.itertuples()):
        points = random.uniform(-1, 1, (200, 2)) * one.range_m + (one.x, one.y)
        # What lies within rounding of an edge may be called either way.
        clear = np.abs(scenes.bearing_off(one, points) - one.hfov / 2) > 1e-4
        assert (viewsheds.sees(position, points) == scenes.plainly_sees(one, points, walls))[clear].all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(0, 60))
def test_the_area_seen_agrees_with_cutting_off_shadows(seed, count):
    random = np.random.default_rng(seed)
    built = scenes.houses(random, count)
    walls = walls_of(built)
    cameras = scenes.cameras(random, 5, built)
    ours = cast(cameras, walls).polygons()
    plain = [scenes.plain_viewshed(one, walls) for one in cameras.itertuples()]
    assert ours.is_valid.all()
    assert ours.area.to_numpy() == pytest.approx(shapely.area(plain), rel=1e-5)
    assert ours.union_all().area == pytest.approx(shapely.union_all(plain).area, rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 60))
def test_depth_polygons_and_sight_tell_the_same_story(seed, count):
    random = np.random.default_rng(seed)
    built = scenes.houses(random, count)
    cameras = scenes.cameras(random, 4, built)
    viewsheds = cast(cameras, walls_of(built), rays=64)
    position, ray = np.indices(viewsheds.depth.shape)
    hfov, azimuth = cameras["hfov"].to_numpy()[:, None], cameras["azimuth"].to_numpy()[:, None]
    bearing = np.radians(azimuth - hfov / 2 + ray * hfov / np.where(hfov == 360, 64, 63))
    here = cameras[["x", "y"]].to_numpy()[:, None]
    along = np.stack([np.sin(bearing), np.cos(bearing)], axis=-1)
    end = viewsheds.depth[..., None].astype(float)
    short, long = here + along * (end - 0.01), here + along * (end + 0.01)
    assert viewsheds.sees(position.ravel(), short.reshape(-1, 2)).all()
    assert not viewsheds.sees(position.ravel(), long.reshape(-1, 2)).any()
    outlines = viewsheds.polygons().to_numpy()[:, None]
    ends = shapely.points(here + along * end)
    off = shapely.distance(shapely.boundary(outlines), ends)
    at_the_range = np.isclose(end[..., 0], cameras["range_m"].to_numpy()[:, None])
    assert off[at_the_range].max(initial=0) <= geometry.ARC_M + 1e-4  # an arc is drawn with chords
    assert off[~at_the_range].max(initial=0) < 1e-4


@pytest.mark.parametrize("street", scenes.STREETS)
def test_in_the_worst_camera_the_area_is_off_by_less_than_0_2_percent(street):
    random = np.random.default_rng(0)
    off, misplaced = [], []
    for _ in range(20):
        built = scenes.STREETS[street](random, random.integers(2, 80))
        walls = walls_of(built)
        cameras = pd.concat(
            [scenes.cameras(random, 15, built), scenes.mounted_cameras(random, 15, built)], ignore_index=True
        )
        ours = cast(cameras, walls).polygons().to_numpy()
        plain = np.array([scenes.plain_viewshed(one, walls) for one in cameras.itertuples()])
        area = shapely.area(plain)
        off.append(np.abs(shapely.area(ours) - area) / area)
        misplaced.append(shapely.area(shapely.symmetric_difference(ours, plain)) / area)
        assert shapely.is_valid(ours).all()
    assert np.concatenate(off).max() <= 0.002
    assert np.concatenate(off).max() <= 1e-5  # what the plain arcs of 2,000 corners leave out is all there is
    assert np.concatenate(misplaced).max() <= 0.002


@pytest.mark.parametrize("street", scenes.STREETS)
def test_of_100_000_lines_of_sight_those_that_brute_force_calls_otherwise_end_at_a_boundary(street):
    random = np.random.default_rng(1)
    pairs, astray = 0, []
    while pairs < 100_000 / len(scenes.STREETS):
        built = scenes.STREETS[street](random, random.integers(2, 80))
        walls = walls_of(built)
        cameras = pd.concat(
            [scenes.cameras(random, 10, built), scenes.mounted_cameras(random, 10, built)], ignore_index=True
        )
        viewsheds = cast(cameras, walls)
        for position, one in enumerate(cameras.itertuples()):
            # About the sector, a little over its edges, as many near as far for its area.
            bearing = np.radians(one.azimuth + random.uniform(-0.55, 0.55, 250) * one.hfov)
            metres = one.range_m * np.sqrt(random.uniform(0, 1.1, 250))
            points = (one.x, one.y) + metres[:, None] * np.column_stack([np.sin(bearing), np.cos(bearing)])
            disagree = viewsheds.sees(position, points) != scenes.plainly_sees(one, points, walls)
            pairs += len(points)
            if disagree.any():
                boundary = shapely.boundary(scenes.plain_viewshed(one, walls))
                astray.append(shapely.distance(boundary, shapely.points(points[disagree])).max())
    assert max(astray, default=0.0) <= 0.05


def test_outlines_are_valid_where_cameras_stand_in_line_with_walls():
    random = np.random.default_rng(0)
    corners = np.stack(np.meshgrid(np.arange(0, 100, 10), np.arange(0, 100, 10)), axis=-1).reshape(-1, 2)
    built = shapely.box(*corners.T, *(corners + random.integers(4, 11, corners.shape)).T)
    cameras = pd.DataFrame(random.integers(0, 110, (300, 2)), columns=["x", "y"]).assign(
        azimuth=random.integers(0, 8, 300) * 45, hfov=random.choice([90, 180, 360], 300), range_m=50
    )
    viewsheds = cast(cameras, walls_of(built), rays=8)
    outlines = viewsheds.polygons()
    assert outlines.is_valid.all()
    points = random.uniform(0, 110, (300, 2))
    # Away from the outlines, where a touched corner makes no difference, and away from arcs.
    clear = shapely.distance(shapely.boundary(outlines.to_numpy()), shapely.points(points)) > 1e-6
    near = np.abs(np.hypot(*(points - cameras[["x", "y"]]).to_numpy().T) - 50) > geometry.ARC_M
    inside = shapely.contains_xy(outlines.to_numpy(), points)
    agrees = inside == viewsheds.sees(np.arange(300), points)
    assert agrees[clear & near].all()


def test_the_shared_index_gives_the_same_answer_as_the_walls():
    random = np.random.default_rng(1)
    built = scenes.houses(random, 30)
    cameras = scenes.cameras(random, 20, built)
    walls = walls_of(built)
    assert (cast(cameras, walls).depth == cast(cameras, WallIndex.of(walls)).depth).all()


def test_many_cameras_at_once_see_what_each_sees_alone():
    random = np.random.default_rng(2)
    built = scenes.houses(random, 40)
    few = scenes.cameras(random, 50, built)
    many = pd.concat([few] * 40, ignore_index=True)  # enough for several threads
    viewsheds = cast(many, walls_of(built))
    alone = cast(few, walls_of(built))
    assert (viewsheds.depth == np.tile(alone.depth, (40, 1))).all()
    assert viewsheds.polygons().area.to_numpy() == pytest.approx(np.tile(alone.polygons().area, 40))


# What must hold of any view


def surroundings(seed: int, street: str) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    built = scenes.STREETS[street](random, random.integers(2, 40))
    cameras = [scenes.cameras(random, 4, built), scenes.mounted_cameras(random, 4, built)]
    return pd.concat(cameras, ignore_index=True), walls_of(built)


def points_about(cameras: pd.DataFrame, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of cameras, and a point within the range of each."""
    position = np.repeat(np.arange(len(cameras)), 100)
    off = np.random.default_rng(seed).uniform(-1, 1, (len(position), 2))
    reach = cameras["range_m"].to_numpy()[position, None]
    return position, cameras[["x", "y"]].to_numpy()[position] + off * reach


STREET = st.sampled_from(list(scenes.STREETS))


@settings(max_examples=40, deadline=None)
@given(SEEDS, STREET, st.floats(0, 2 * np.pi), st.floats(0.1, 200), st.floats(-100, 100))
def test_one_more_wall_never_shows_more(seed, street, bearing, length, east):
    cameras, walls = surroundings(seed, street)
    start = np.add(scenes.FAR_AWAY, (east, 0))
    wall = np.hstack([start, start + length * np.array([np.sin(bearing), np.cos(bearing)])])
    before, after = cast(cameras, walls), cast(cameras, np.vstack([walls, wall]))
    assert (after.depth <= before.depth + 1e-5).all()
    assert (after.polygons().area <= before.polygons().area * (1 + 1e-9) + 1e-6).all()
    position, points = points_about(cameras, seed)
    assert not (after.sees(position, points) & ~before.sees(position, points)).any()


@settings(max_examples=20, deadline=None)
@given(SEEDS, STREET)
def test_one_more_camera_changes_no_other_view_and_never_lowers_what_all_see_together(seed, street):
    cameras, walls = surroundings(seed, street)
    all_but_one, everyone = cast(cameras.iloc[:-1], walls), cast(cameras, walls)
    assert (everyone.depth[:-1] == all_but_one.depth).all()
    assert (everyone.polygons()[:-1].geom_equals(all_but_one.polygons())).all()
    together = [shapely.union_all(some.polygons().to_numpy()).area for some in (all_but_one, everyone)]
    assert together[1] >= together[0] * (1 - 1e-9)


@settings(max_examples=40, deadline=None)
@given(
    SEEDS,
    STREET,
    st.floats(0, 360),
    st.floats(-1e6, 1e6) | st.sampled_from([-scenes.FAR_AWAY[0] + 180]),
    st.floats(-1e6, 1e6) | st.sampled_from([-scenes.FAR_AWAY[1] + 90]),
)
def test_a_city_moved_and_turned_is_seen_as_before(seed, street, turn, east, north):
    # Among the moves are those to where coordinates look like degrees, at the date line and the pole.
    cameras, walls = surroundings(seed, street)
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))

    def moved(places: np.ndarray) -> np.ndarray:
        x, y = (places - scenes.FAR_AWAY).T
        clockwise = np.column_stack([x * cosine + y * sine, y * cosine - x * sine])
        return clockwise + scenes.FAR_AWAY + (east, north)

    elsewhere = cameras.assign(azimuth=cameras["azimuth"] + turn)
    elsewhere[["x", "y"]] = moved(cameras[["x", "y"]].to_numpy())
    before = cast(cameras, walls)
    after = cast(elsewhere, np.hstack([moved(walls[:, :2]), moved(walls[:, 2:])]))
    assert after.polygons().area.to_numpy() == pytest.approx(before.polygons().area, rel=1e-6, abs=1e-6)
    position, points = points_about(cameras, seed)
    boundaries = shapely.boundary(before.polygons().to_numpy())[position]
    clear = shapely.distance(boundaries, shapely.points(points)) > 1e-4
    metres = np.hypot(*(points - cameras[["x", "y"]].to_numpy()[position]).T)
    clear &= np.abs(metres - cameras["range_m"].to_numpy()[position]) > 1e-4  # arcs are drawn with chords
    same = before.sees(position, points) == after.sees(position, moved(points))
    assert same[clear].all()


@settings(max_examples=40, deadline=None)
@given(SEEDS, STREET, st.integers(2, 6))
def test_views_side_by_side_see_what_one_wide_view_sees(seed, street, parts):
    cameras, walls = surroundings(seed, street)
    width = cameras["hfov"] / parts
    slices = [
        cameras.assign(azimuth=cameras["azimuth"] - cameras["hfov"] / 2 + (part + 0.5) * width, hfov=width)
        for part in range(parts)
    ]
    areas = sum(cast(one, walls).polygons().area for one in slices)
    whole = cast(cameras, walls).polygons().area
    assert areas.to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-6, abs=1e-6)


# On a wall, and in a house

HOUSE = shapely.box(-10, -10, 10, 0)  # the origin is in the middle of its north wall
NEIGHBOUR = shapely.box(-3, 10, 3, 15)


def test_a_camera_on_a_wall_looks_outward_past_its_own_building():
    street = walls_of([HOUSE, NEIGHBOUR])
    wide = camera(hfov=170)
    assert sees(wide, street, (0, 9), (20, 2), (-20, 2), (0, 16)) == [True, True, True, False]


@pytest.mark.parametrize("off", [-MOUNT_TOLERANCE_M * 0.9, 0.0, MOUNT_TOLERANCE_M * 0.9, STANDOFF_M])
def test_a_camera_near_its_wall_looks_outward_on_either_side_of_it(off):
    assert off == STANDOFF_M or abs(off) < MOUNT_TOLERANCE_M
    on_the_wall = camera(y=off)
    assert sees(on_the_wall, walls_of([HOUSE]), (0, 20), (10, 11)) == [True, True]
    viewsheds = cast(on_the_wall, walls_of([HOUSE]))
    assert (viewsheds.depth == 30).all()
    assert viewsheds.polygons().area[0] == pytest.approx(np.pi * 30**2 / 4)


def test_a_camera_on_a_wall_turned_to_its_own_house_sees_at_most_the_inside():
    inward = camera(azimuth=180)
    inside, behind = (0, -5), (0, -15)
    assert sees(inward, walls_of([HOUSE]), inside, behind) == [True, False]
    assert cast(inward, walls_of([HOUSE])).polygons()[0].area <= HOUSE.area


def test_a_camera_off_its_wall_turned_to_its_own_house_sees_nothing_of_it():
    assert sees(camera(azimuth=180, y=STANDOFF_M), walls_of([HOUSE]), (0, -5), (0, -15)) == [False, False]


def test_a_camera_at_the_corner_of_its_house_sees_along_both_walls():
    corner = camera(x=10, y=0, azimuth=45, hfov=180)
    assert sees(corner, walls_of([HOUSE]), (15, 10), (1, 9.5), (19, -8.5)) == [True, True, True]


def test_a_camera_in_a_house_sees_its_inside_only():
    inside = camera(y=-5, hfov=360)
    seen = cast(inside, walls_of([HOUSE])).polygons()[0]
    assert seen.symmetric_difference(HOUSE).area < 1e-6


def test_a_camera_in_a_house_is_moved_to_the_wall_it_looks_out_of():
    moved = mounted(camera(y=-5, x=2), [HOUSE])
    assert moved[["x", "y"]].to_numpy() == pytest.approx(np.array([[2, STANDOFF_M]]))
    assert sees(moved, walls_of([HOUSE]), (0, 20)) == [True]


def test_without_a_direction_it_is_the_nearest_wall():
    for unknown in (camera(x=8, y=-5, azimuth=np.nan), camera(x=8, y=-5, hfov=360)):
        assert mounted(unknown, [HOUSE])[["x", "y"]].to_numpy() == pytest.approx(np.array([[10.05, -5]]))


def test_a_way_out_exactly_through_a_corner_is_found():
    built = scenes.houses(np.random.default_rng(0), 400)
    middles = shapely.get_coordinates(shapely.centroid(built))
    to = shapely.get_coordinates(built).reshape(400, 5, 2)[:, 0] - middles
    cameras = pd.DataFrame(
        {"x": middles[:, 0], "y": middles[:, 1], "azimuth": np.degrees(np.arctan2(to[:, 0], to[:, 1]))}
    )
    moved = mounted(cameras, built)
    places = shapely.points(moved[["x", "y"]].to_numpy())
    assert shapely.distance(places, built) == pytest.approx(STANDOFF_M, abs=1e-6)


def test_cameras_outside_on_a_wall_or_indoors_keep_their_place():
    cameras = pd.concat(
        [camera(y=5), camera(y=0), camera(y=-0.01, azimuth=180), camera(y=-5).assign(outdoor=False)],
        ignore_index=True,
    )
    assert mounted(cameras, [HOUSE])[["x", "y"]].equals(cameras[["x", "y"]])


def test_in_a_terrace_the_way_goes_on_through_the_next_house():
    terrace = [HOUSE, shapely.box(10, -10, 30, 0), NEIGHBOUR]
    moved = mounted(camera(y=-5, azimuth=90), terrace)
    assert moved[["x", "y"]].to_numpy() == pytest.approx(np.array([[30.05, -5]]))


def test_a_courtyard_is_a_way_out_and_has_walls():
    around = shapely.box(-20, -20, 20, 20).difference(shapely.box(-5, -5, 5, 5))
    assert len(walls_of([around])) == 8
    moved = mounted(camera(x=10, azimuth=270), [around])
    assert moved[["x", "y"]].to_numpy() == pytest.approx(np.array([[4.95, 0]]))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_every_camera_placed_on_a_roof_gets_out_facing_its_azimuth(seed, count):
    random = np.random.default_rng(seed)
    built = scenes.houses(random, count)
    roofs = shapely.point_on_surface(built)
    azimuth = random.uniform(0, 360, count)
    cameras = pd.DataFrame({"x": shapely.get_x(roofs), "y": shapely.get_y(roofs), "azimuth": azimuth})
    moved = mounted(cameras, built)
    places = shapely.points(moved["x"], moved["y"])
    assert shapely.distance(places, built) == pytest.approx(STANDOFF_M, abs=1e-6)
    step = moved[["x", "y"]].to_numpy() - cameras[["x", "y"]].to_numpy()
    along = step[:, 0] * np.sin(np.radians(azimuth)) + step[:, 1] * np.cos(np.radians(azimuth))
    assert (along > 0).all()
    off = np.abs(step[:, 0] * np.cos(np.radians(azimuth)) - step[:, 1] * np.sin(np.radians(azimuth)))
    assert off.max() <= STANDOFF_M + 1e-6


# Odd input


def test_no_cameras_see_nothing():
    nobody = camera().iloc[:0]
    viewsheds = cast(nobody, walls_of([HOUSE]))
    assert viewsheds.depth.shape == (0, 128)
    assert len(viewsheds.polygons()) == 0
    assert viewsheds.sees([], np.empty((0, 2))).tolist() == []
    assert mounted(nobody, [HOUSE]).empty


def test_no_buildings_have_no_walls_and_move_nobody():
    for none in ([], gpd.GeoSeries([], crs="EPSG:32616"), [None, shapely.Polygon()]):
        assert walls_of(none).shape == (0, 4)
        assert mounted(camera(), none)[["x", "y"]].to_numpy().tolist() == [[0, 0]]


def test_walls_of_takes_series_frames_and_multipolygons():
    both = shapely.MultiPolygon([HOUSE, NEIGHBOUR])
    assert len(walls_of(gpd.GeoSeries([both], crs="EPSG:32616"))) == 8
    assert len(walls_of(gpd.GeoDataFrame(geometry=[HOUSE, NEIGHBOUR], crs="EPSG:32616"))) == 8


def test_buildings_in_degrees_are_refused():
    with pytest.raises(ValueError, match="to_crs"):
        walls_of(gpd.GeoSeries([HOUSE], crs="EPSG:4326"))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"x": np.nan}, "camera has a coordinate"),
        ({"y": np.inf}, "camera has a coordinate"),
        ({"y": 1e12}, "camera has a coordinate"),
        ({"azimuth": np.nan}, "azimuth is missing"),
        ({"azimuth": np.inf}, "azimuth"),
        ({"hfov": np.nan}, "hfov"),
        ({"hfov": 0}, "hfov"),
        ({"hfov": 361}, "hfov"),
        ({"range_m": np.nan}, "range_m"),
        ({"range_m": -1}, "range_m"),
        ({"range_m": None}, "range_m"),
    ],
)
def test_cameras_that_cannot_be_are_refused_in_a_sentence(columns, words):
    with pytest.raises(ValueError, match=words) as refusal:
        cast(camera(**columns), NO_WALLS)
    assert str(refusal.value).endswith(".")


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column 'hfov'"):
        cast(camera().drop(columns="hfov"), NO_WALLS)


@pytest.mark.parametrize("walls", [[[0, 0, 1]], [0, 0, 1, 1], [[0, 0, 1, np.nan]], [[0, 0, 1, np.inf]]])
def test_walls_that_cannot_be_are_refused(walls):
    with pytest.raises(ValueError, match=r"Walls must be|A wall has"):
        cast(camera(), walls)


@pytest.mark.parametrize(
    ("position", "points", "words"),
    [
        (0, [[0, np.nan]], "point"),
        (0, [0, 1], "Points must be"),
        (1, [[0, 1]], "from 0 to 0"),
        (-1, [[0, 1]], "from 0 to 0"),
        (0.5, [[0, 1]], "whole number"),
        ([0, 0], [[0, 1]], "one camera position"),
    ],
)
def test_questions_that_make_no_sense_are_refused(position, points, words):
    with pytest.raises(ValueError, match=words):
        cast(camera(), NO_WALLS).sees(position, points)


def test_too_few_rays_are_refused():
    with pytest.raises(ValueError, match="rays"):
        cast(camera(), NO_WALLS, rays=2)


def test_polygons_keep_the_index_of_the_cameras_and_take_a_crs():
    series = cast(camera().set_index(pd.Index(["front door"])), NO_WALLS).polygons(crs="EPSG:32616")
    assert series.index.tolist() == ["front door"]
    assert series.crs == "EPSG:32616"


def test_after_warming_up_nothing_is_compiled_whatever_the_columns_are_made_of():
    viewshed.warm()
    loops = (
        geometry._fill_buckets,
        geometry._cut,
        geometry.fill_depth,
        geometry.outlines,
        geometry.sees,
        geometry.count_cells,
    )
    before = [len(loop.signatures) for loop in loops]
    whole = camera(x=0, y=0, azimuth=0, hfov=90, range_m=30).astype("int64")
    read_only = np.array([[0, 5], [1, 6]], dtype=float)
    read_only.flags.writeable = False
    for frame in (whole, whole.astype("Float64"), whole.astype("float32")):
        viewsheds = cast(frame, np.asfortranarray(walls_of([HOUSE])))
        viewsheds.polygons()
        viewsheds.sees(np.zeros(2, dtype=np.int32), read_only)
        viewsheds.sees(0, [[0, 5]])
    assert [len(loop.signatures) for loop in loops] == before


def test_among_the_buildings_of_a_real_city_sight_agrees_with_plain_shapely():
    extract = shared("helsinki/test.osm.pbf")  # some of its buildings are no valid polygons
    city = gpd.read_file(extract, layer="multipolygons", where="building IS NOT NULL", on_invalid="ignore")
    built = city.geometry.dropna().to_crs("EPSG:3067")
    random = np.random.default_rng(0)
    roofs = built.representative_point().sample(60, random_state=0)
    cameras = mounted(
        pd.DataFrame({"x": roofs.x, "y": roofs.y, "azimuth": random.uniform(0, 360, 60)}), built
    ).assign(hfov=90.0, range_m=60.0)
    walls = walls_of(built)
    viewsheds = cast(cameras, walls)
    assert viewsheds.polygons().is_valid.all()
    seen = 0
    for position, one in enumerate(cameras.itertuples()):
        points = random.uniform(-60, 60, (100, 2)) + np.array([one.x, one.y])
        near = np.hypot(*(walls[:, :2] - [one.x, one.y]).T) < 200  # plain shapely is slow among all
        clear = np.abs(scenes.bearing_off(one, points) - 45) > 1e-4
        plain = scenes.plainly_sees(one, points, walls[near])
        assert (viewsheds.sees(position, points) == plain)[clear].all()
        seen += plain.sum()
    assert seen > 60
