"""Agency cameras, and the directions they look in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import load
from data.load.directions import understood
from tests.data.loading import adds_up, areas, ask

if TYPE_CHECKING:
    from pathlib import Path

    from data.store import Store


@pytest.mark.parametrize(
    ("text", "azimuths", "hfov", "origin"),
    [
        ("180", (180.0,), None, "stated"),
        ("62.5", (62.5,), None, "stated"),
        ("-30", (330.0,), None, "stated"),
        ("360", (0.0,), None, "stated"),
        ("338-23", (0.5,), 45.0, "stated"),
        ("270-90", (0.0,), 180.0, "stated"),
        ("0-360", (180.0,), 360.0, "stated"),
        ("355;175", (355.0, 175.0), None, "stated"),
        ("65, 180", (65.0, 180.0), None, "stated"),
        ("260;;225;", (260.0, 225.0), None, "stated"),
        ("0;0;135", (0.0, 135.0), None, "stated"),
        ("283-328;221-266", (305.5, 243.5), 45.0, "stated"),
        ("180;nw", (180.0, 315.0), None, "stated"),
        ("N", (0.0,), None, "stated"),
        ("southeast", (135.0,), None, "stated"),
        ("WSW", (247.5,), None, "stated"),
        ("NB", (0.0,), None, "assumed"),
        ("SEB", (135.0,), None, "assumed"),
        ("345;270:360", (345.0,), None, "stated"),
        ("forward", (), None, "unknown"),
        ("both", (), None, "unknown"),
        ("11:00", (), None, "unknown"),
        ("456754844848946", (), None, "unknown"),
        ("400", (), None, "unknown"),
        ("Flock Raven", (), None, "unknown"),
        ("280WY39-J963-T96Q-9KE6-9DR9", (), None, "unknown"),
        ("", (), None, "unknown"),
        (None, (), None, "unknown"),
    ],
)
def test_a_direction_in_every_notation(
    text: str | None, azimuths: tuple[float, ...], hfov: float | None, origin: str
) -> None:
    found = understood(text)
    assert (found.azimuths, found.hfov, found.origin) == (azimuths, hfov, origin)


@given(st.text() | st.from_regex(r"[-0-9NSEWB;,. ]{0,20}", fullmatch=True))
def test_whatever_is_written_an_azimuth_is_one(text: str) -> None:
    found = understood(text)
    assert all(0 <= azimuth < 360 for azimuth in found.azimuths)
    assert found.hfov is None or 0 < found.hfov <= 360
    assert (found.origin == "unknown") == (found.azimuths == ())


HEADER = "id,name,operator,kind,lat,lon,direction,hfov,width_px,retention_hours,installed_on\n"


def listed(folder: Path, *lines: str) -> Path:
    file = folder / "cameras.csv"
    file.write_text(HEADER + "\n".join(lines) + "\n")
    return file


def test_a_list_of_ones_own(store: Store, tmp_path: Path) -> None:
    file = listed(
        tmp_path,
        "1,Main and Oak,City,city,33.58,-85.08,NE,60,1920,720,2024-05-01",
        "2,,,ALPR,33.58,-85.07,forward,,,,",
        "3,,,boat,33.58,-85.07,10,,,,",
        "4,,,city,,,10,,,,",
        "4,,,city,0,0,10,,,,",
        ",,,city,33.58,-85.07,10,,,,",
    )
    report = load.agency_cameras(file, store)
    assert adds_up(report)
    assert (report.accepted, report.reasons, report.findings) == (
        2,
        {"not a camera": 1, "no coordinates": 1, "zero coordinates": 1, "no key": 1},
        (),
    )
    assert ask(
        store,
        "SELECT source_key, kind, name, azimuths, hfov, width_px, direction_from, direction_text, retention_hours, "
        "CAST(installed_on AS VARCHAR) FROM agency_camera ORDER BY 1",
    ) == [
        ("1", "city", "Main and Oak", "[45.0]", 60.0, 1920, "stated", "NE", 720.0, "2024-05-01"),
        ("2", "alpr", None, "[]", None, None, "unknown", "forward", None, None),
    ]


def test_a_list_may_say_which_cameras_turn(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "cameras.csv"
    rows = [f"{word},city,33.58,-85.08,0;90;180,{word}" for word in ("yes", "NO", "ptz", "fixed", "perhaps")]
    file.write_text("\n".join(["id,kind,lat,lon,direction,turns", *rows, "silent,city,33.58,-85.08,0,", ""]))
    assert load.agency_cameras(file, store).accepted == 6
    assert dict(ask(store, "SELECT source_key, turns FROM agency_camera")) == {
        "yes": True,
        "ptz": True,
        "NO": False,
        "fixed": False,
        "perhaps": None,
        "silent": None,
    }
    assert load.agency_cameras(file, store).duplicates == 6
    file.write_text(file.read_text().replace("silent,city,33.58,-85.08,0,", "silent,city,33.58,-85.08,0,yes"))
    assert load.agency_cameras(file, store).accepted == 1


def test_the_same_list_twice_changes_nothing_and_a_corrected_row_replaces_its_old_self(
    store: Store, tmp_path: Path
) -> None:
    first = "1,A,,city,33.58,-85.08,NE,,,,"
    assert load.agency_cameras(listed(tmp_path, first), store).accepted == 1
    assert load.agency_cameras(listed(tmp_path, first), store).duplicates == 1
    assert load.agency_cameras(listed(tmp_path, first.replace("NE", "SW")), store).accepted == 1
    assert ask(store, "SELECT azimuths FROM agency_camera") == [("[225.0]",)]


def test_a_camera_outside_the_city_is_refused(store: Store, tmp_path: Path) -> None:
    load.city(areas(tmp_path, "city"), store, name="Somewhere", timezone="America/New_York")
    report = load.agency_cameras(
        listed(tmp_path, "1,,,city,39.96,-75.19,,,,,", "2,,,city,33.58,-85.08,,,,,"), store
    )
    assert (report.accepted, report.reasons) == (1, {"outside the city": 1})


def test_openstreetmap_tags_say_what_is_a_plate_reader_and_what_is_private(
    store: Store, tmp_path: Path
) -> None:
    def feature(number: int, **tags: str) -> dict[str, object]:
        return {
            "type": "Feature",
            "properties": {"@id": f"node/{number}", "man_made": "surveillance", **tags},
            "geometry": {"type": "Point", "coordinates": [-85.08, 33.58 + number / 1000]},
        }

    file = tmp_path / "export.geojson"
    features = [
        feature(1, **{"surveillance:type": "ALPR", "direction": "338-23", "operator:type": ""}),
        feature(
            2,
            **{
                "surveillance:type": "camera",
                "operator:type": "government",
                "camera:direction": "90",
                "camera:type": "panning",
            },
        ),
        feature(3, **{"surveillance:type": "camera", "operator:type": "private"}),
        feature(4, **{"surveillance:type": "guard"}),
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = load.agency_cameras(file, store)
    assert report.reasons == {"private camera": 1, "not a camera": 1}
    assert ask(store, "SELECT source_key, kind, azimuths, hfov, turns FROM agency_camera ORDER BY 1") == [
        ("node/1", "alpr", "[0.5]", 45.0, None),
        ("node/2", "city", "[90.0]", None, True),
    ]
