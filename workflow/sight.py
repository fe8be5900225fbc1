"""What every camera sees, kept up to date: a camera that comes, changes or goes costs only its own lines of sight.

All cameras there ever were are kept, with the times between which they count. So the same lines of sight answer
for today, for the end of last quarter, and for any choice of cameras.
"""

from __future__ import annotations

import functools
import threading
import weakref
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyproj import Transformer

from analytics import optics, sightlines, viewshed
from analytics.geometry import WallIndex
from data import records, settings
from data.errors import PorchlightError
from workflow import city_map
from workflow.ground import Ground, ground
from workflow.kept import Kept, worked_out_once

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import sqlalchemy as sa
    from numpy.typing import NDArray

    from analytics.sightlines import Seen, Sightlines
    from analytics.vicinity import Among, Vicinity
    from data.store import Store

LAYERS = {"community": "Community cameras", "city": "City cameras", "alpr": "Plate readers"}
# How a view's direction is known. Only the first two count unless somebody asks for more; an unknown direction
# never counts, and taken as looking all round it says how much could be in view at the most.
STANDINGS = {
    "verified": "Verified",
    "stated": "Stated by the owner",
    "assumed": "Assumed",
    "turning": "Pan-tilt, by presets",
    "unknown": "Not known",
}
COUNTED = frozenset({"verified", "stated"})
SEEN_KEPT = 12  # of a large city each takes 17 megabytes
FIGURES_KEPT = 128
MOMENTS_KEPT = 4


@dataclass(eq=False)  # one a state of the records: told apart as a whole
class Sight:
    """The views of all cameras, and what each sees of the ground."""

    ground: Ground
    levels: Mapping[str, float]  # pixels a metre
    # A row a view: records.VIEW_COLUMNS with optics filled in, x, y (metres), standing, and content (a digest).
    views: pd.DataFrame
    lines: Sightlines
    listings: pd.DataFrame  # records.listings, with camera: the position of the id in `cameras`
    cameras: pd.Index  # ids
    camera_of_view: NDArray[np.int64]
    version: tuple[object, ...]
    #: Figures for choices of cameras; whoever works one out names the question, with `asked` for the choice.
    figures: Kept = field(default_factory=lambda: Kept(FIGURES_KEPT))
    _seen: Kept = field(default_factory=lambda: Kept(SEEN_KEPT))
    _listed: Kept = field(default_factory=lambda: Kept(MOMENTS_KEPT))

    def listed(self, at: datetime) -> NDArray[np.bool_]:
        """Whether each view's camera counts at a moment: consents hold, nothing is withdrawn, it is installed."""
        return self._listed.answer(at, lambda: self._listed_at(at))

    def _listed_at(self, at: datetime) -> NDArray[np.bool_]:
        moment = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
        begins, ends, listed = self._spans
        camera = np.zeros(len(self.cameras), dtype=bool)
        # Nothing is before or after a moment that is missing.
        camera[listed[~(begins > moment) & ~(ends <= moment)]] = True
        return camera[self.camera_of_view]

    def counting(
        self, at: datetime, layers: Collection[str], standings: Collection[str] = COUNTED
    ) -> NDArray[np.bool_]:
        """Which views count at a moment, of some layers and standings."""
        return self.listed(at) & _one_of(self._layer, layers) & _one_of(self._standing, standings)

    @functools.cached_property
    def _spans(self) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64], NDArray[np.int64]]:
        """When each listing begins and ends (UTC), and the camera that it lists."""
        begins, ends = (
            self.listings[name].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
            for name in ("begins", "ends")
        )
        return begins, ends, self.listings["camera"].to_numpy()

    # As numbers, because choices of cameras are made for every question.
    @functools.cached_property
    def _layer(self) -> pd.Categorical:
        return pd.Categorical(self.views["layer"], list(LAYERS))

    @functools.cached_property
    def _standing(self) -> pd.Categorical:
        return pd.Categorical(self.views["standing"], list(STANDINGS))

    def seen(self, counting: NDArray[np.bool_], *, dark: bool = False) -> Seen:
        """What these views see together, by day or in the dark; the last few answers are kept."""
        return self._seen.answer(
            (asked(counting), dark), lambda: self.lines.seen(counting, self.ground.lit, dark=dark)
        )

    def share_around(
        self, places: Vicinity, counting: NDArray[np.bool_], level: str, *, dark: bool = False
    ) -> NDArray[np.float64]:
        """For each place the share of the public ground around it that these views see together at a level."""
        return self.figures.answer(
            (places, asked(counting), level, dark),
            lambda: self._among(places).share(self.seen(counting, dark=dark), level),
        )

    def _among(self, places: Vicinity) -> Among:
        return self.figures.answer(("among", places), lambda: places.among(self.lines.cells))

    def totals(
        self, counting: NDArray[np.bool_], *, twice: bool = False, dark: bool = False
    ) -> Mapping[str, int]:
        """Samples of public ground that these views see at each level, or that two of them do."""

        def work() -> Mapping[str, int]:
            seen = self.seen(counting, dark=dark)
            return sightlines.totals(seen.twice if twice else seen.once, self._public)

        return self.figures.answer(("totals", asked(counting), twice, dark), work)

    @functools.cached_property
    def _public(self) -> NDArray[np.uint16]:
        """The samples of public ground of each of the cells that are in any view."""
        return self.ground.public[self.lines.cells]

    def devices(self, counting: NDArray[np.bool_]) -> Mapping[str, int]:
        """How many cameras have one of these views, by the best known of them: a number for each of `STANDINGS`."""

        def work() -> Mapping[str, int]:
            best = np.full(len(self.cameras), len(STANDINGS))
            np.minimum.at(best, self.camera_of_view[counting], self._standing.codes[counting])
            counts = np.bincount(best, minlength=len(STANDINGS))
            return dict(zip(STANDINGS, counts.tolist(), strict=False))

        return self.figures.answer(("devices", asked(counting)), work)

    def with_more(
        self, proposed: pd.DataFrame, since: datetime, walls: WallIndex, buildings: city_map.Footprints
    ) -> Sight:
        """As if the cameras of ``proposed`` (columns of records.views, with id) were listed as well from a moment on.

        Their directions are stated, also of one that can turn: it is proposed to look there.
        """
        views = _prepared(proposed, self.ground, self.levels, buildings).assign(standing="stated")
        lines = self.lines.joined(_traced(views, self.ground, self.levels, walls))
        together = pd.concat([self.views, views], ignore_index=True)
        more = pd.DataFrame({"id": proposed["id"].unique(), "begins": pd.Timestamp(since)})
        more = more.reindex(columns=["id", "begins", "ends"])
        more = more.astype(self.listings.dtypes[["begins", "ends"]].to_dict())
        listings = pd.concat([self.listings.drop(columns="camera"), more], ignore_index=True)
        return _assembled(self.ground, self.levels, together, lines, listings, ())


def _one_of(values: pd.Categorical, wanted: Collection[str]) -> NDArray[np.bool_]:
    """Which of the values are wanted; one that belongs to no category is not."""
    by_code = np.append(values.categories.isin(list(wanted)), False)  # such a one has the code -1
    return by_code[values.codes]


def asked(counting: NDArray[np.bool_]) -> bytes:
    """A choice of views as a part of a question whose answer is kept."""
    return np.packbits(counting).tobytes()


_held: weakref.WeakKeyDictionary[Store, Sight] = weakref.WeakKeyDictionary()
_one_at_a_time = threading.Lock()


def sight(store: Store) -> Sight:
    """What the cameras see, up to date at this call."""
    here = ground(store)
    with store.read() as connection:
        levels = _levels(connection)
    version = (*levels.values(), *records.cameras_version(store))
    with _one_at_a_time:
        held = _held.get(store)
        if held is not None and held.ground is not here:
            held = None  # another map: everything anew
        if held is None or held.version != version:
            held = _held[store] = _renewed(store, here, levels, version, held)
        return held


def _levels(connection: sa.Connection) -> Mapping[str, float]:
    try:
        return optics.checked_levels(settings.policy(connection, "levels_px_per_m"))
    except ValueError as error:
        raise PorchlightError(f"Correct the policy setting levels_px_per_m. {error}") from error


def _renewed(
    store: Store, here: Ground, levels: Mapping[str, float], version: tuple[object, ...], held: Sight | None
) -> Sight:
    """The sight of the records as they are; of what was held, the views that have not changed are kept."""
    found = records.views(store)
    content = pd.util.hash_pandas_object(found, index=False).to_numpy()
    if held is None or held.levels != levels:
        known = np.full(len(found), -1)
    else:
        first = held.views["content"].drop_duplicates()
        known = pd.Series(first.index, index=first).reindex(content, fill_value=-1).to_numpy()
    new = known < 0
    buildings = city_map.footprints(store=store)
    views = _prepared(found[new].assign(content=content[new]), here, levels, buildings)
    lines = _traced(views, here, levels, walls(store))
    if held is not None and not new.all():
        kept = known[~new]
        # Kept ones first, then the new; each then takes the place it has in the records.
        order = np.empty(len(found), dtype=np.int64)
        order[np.flatnonzero(~new)] = np.arange(len(kept))
        order[np.flatnonzero(new)] = len(kept) + np.arange(new.sum())
        views = pd.concat([held.views.iloc[kept], views], ignore_index=True).iloc[order]
        lines = held.lines.of(kept).joined(lines).of(order)
    return _assembled(here, levels, views.reset_index(drop=True), lines, records.listings(store), version)


def _assembled(
    here: Ground,
    levels: Mapping[str, float],
    views: pd.DataFrame,
    lines: Sightlines,
    listings: pd.DataFrame,
    version: tuple[object, ...],
) -> Sight:
    camera_of_view, cameras = pd.factorize(views["id"])
    cameras = pd.Index(cameras)
    listings = listings.assign(camera=cameras.get_indexer(listings["id"]))
    listings = listings[listings["camera"] >= 0].reset_index(drop=True)
    return Sight(here, levels, views, lines, listings, cameras, camera_of_view, version)


def _prepared(
    found: pd.DataFrame, here: Ground, levels: Mapping[str, float], buildings: city_map.Footprints
) -> pd.DataFrame:
    """Views in metres, with their optics, on their walls, and how their direction is known."""
    to_metres = Transformer.from_crs(records.WGS84, here.crs, always_xy=True)
    x, y = to_metres.transform(found["lon"].to_numpy(), found["lat"].to_numpy())
    complete = optics.completed(found.assign(x=x, y=y), "detect", levels=levels)
    views = viewshed.mounted(complete, buildings.polygons)
    all_round = views["hfov"] >= 360
    unknown = views["azimuth"].isna() & ~all_round
    turning = views["kind"].isin(optics.TURNING) | views["turns"].eq(True)
    verified = views["direction_from"] == "verified"
    stated = (views["direction_from"] == "stated") | all_round
    standing = np.select(
        [unknown, turning, verified, stated], ["unknown", "turning", "verified", "stated"], default="assumed"
    )
    return _all_round(views.assign(standing=standing), unknown.to_numpy(), levels)


def _all_round(views: pd.DataFrame, unknown: NDArray[np.bool_], levels: Mapping[str, float]) -> pd.DataFrame:
    """Views of unknown direction as if each looked everywhere at once, as sharply as in its one direction."""
    hfov, width = views["hfov"].to_numpy(), views["width_px"].to_numpy()
    at_one_metre = optics.px_per_m(np.ones(len(views)), width, hfov)
    reach = np.minimum(at_one_metre / levels["detect"], optics.MAX_RANGE_M)
    return views.assign(
        azimuth=np.where(unknown, 0.0, views["azimuth"]),
        hfov=np.where(unknown, 360.0, hfov),
        # All round a lens gives each radian the same pixels: so many make it as sharp as it is ahead.
        width_px=np.where(unknown, at_one_metre * 2 * np.pi, width),
        range_m=np.where(unknown, reach, views["range_m"]),
    )


def _traced(views: pd.DataFrame, here: Ground, levels: Mapping[str, float], among: WallIndex) -> Sightlines:
    return sightlines.trace(here.grid, viewshed.cast(views, among), views, levels)


def walls(store: Store) -> WallIndex:
    """The walls of the city's buildings, indexed once for each load of them."""
    return _walls(store, city_map.map_version(store=store))


@worked_out_once(2)
def _walls(store: Store, _map_version: int) -> WallIndex:
    """The version only makes a new load a new question."""
    return WallIndex.of(viewshed.walls_of(city_map.footprints(store=store).polygons))
