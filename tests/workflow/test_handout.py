"""The print of Coverage: always two pages, with the figures, the map and the limits of what they say."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from analytics import optics
from data import records, schema
from tests import small_town
from tests.incidents import record
from tests.people import set_policy
from tests.workflow import questions
from tests.workflow.questions import NIGHT, NOON, SEEN, UNSEEN, corner_camera
from workflow import coverage_words, handout, handout_map, paper
from workflow.coverage_map import level_codes
from workflow.gap_tables import gap_table

DRAWN = date(2026, 3, 20)
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
WORST = 16  # the block with the most incidents out of view: the north-eastern one


@pytest.fixture
def town(duckdb_store):
    return questions.build(duckdb_store)


@pytest.fixture
def busy(town):
    """A camera, incidents in view of it, and seven blocks with 18, 16, 14, 12, 10, 8 and 2 out of view."""
    corner_camera(town, days_old=questions.days_since(AT) + 30)
    record(town, *[(*SEEN, NOON)] * 3, *[(*UNSEEN, NIGHT)] * 2)
    for count, block in enumerate((WORST, 15, 14, 13, 1, 2), 1):
        record(town, *[(*_middle(block), NOON)] * (20 - 2 * count))
    return town


def _middle(block: int) -> tuple[float, float]:
    """The middle of a block of the small town, in metres from the middle of the town."""
    column, row = divmod(block - 1, 4)
    return -180.0 + 120 * column, -180.0 + 120 * row


def drawn(store, *, city=None, gaps=None, asked_by="Ruth Adeyemi", link=None, **question) -> bytes:
    found = questions.ask(store, **{"at": AT, **question})
    gaps = gap_table(found, "block") if gaps is None else gaps
    city = city or records.city(store)
    return handout.pdf(found, gaps, asked_by=asked_by, link=link, city=city, drawn=DRAWN)


def pages(content: bytes) -> list[str]:
    """The text of each page, its lines joined and with common spaces."""
    read = PdfReader(io.BytesIO(content)).pages
    return [" ".join(page.extract_text().replace("\u00a0", " ").split()) for page in read]


def written(content: bytes) -> list[list[tuple[float, float, float, str]]]:
    """For each page the pieces of text: left and right end, how high on the page, and the text. None is too small."""
    found = []
    for page in PdfReader(io.BytesIO(content)).pages:
        pieces = []

        def note(text, outer, inner, font, size, pieces=pieces):
            text = text.strip("\n")
            if not text.strip() or font is None:
                return
            x, y = np.array([inner[4], inner[5], 1.0]) @ np.array(outer).reshape(3, 2)
            tall = size * inner[3] * outer[3]
            name = str(font["/BaseFont"]).rsplit("+", 1)[-1]
            assert tall >= 7, f"{text} is too small to read"
            pieces.append((x, x + paper.width_of(text, tall, name), y, text))

        page.extract_text(visitor_text=note)
        found.append(pieces)
    return found


def picture(content: bytes):
    """The picture of what cameras see."""
    return PdfReader(io.BytesIO(content)).pages[0].images[0].image


def test_it_is_two_pages_of_letter_size_with_a_title_an_author_and_a_language(busy):
    read = PdfReader(io.BytesIO(drawn(busy)))
    assert [tuple(page.mediabox[2:]) for page in read.pages] == [(612, 792)] * 2
    assert read.metadata.title == "What cameras see in Smalltown"
    assert read.metadata.author == "Ruth Adeyemi"
    assert read.metadata.creation_date.date() == DRAWN
    assert read.trailer["/Root"]["/Lang"] == "en-US"


def test_the_first_page_says_the_answer_and_its_figures_as_the_screen_does(busy):
    first, second = pages(drawn(busy))
    found = questions.ask(busy, at=AT)
    for said in (coverage_words.sentence(found), coverage_words.caveats(found)[1]):
        assert said.replace("\u00a0", " ") in first
    for figure in coverage_words.figures(found):
        for part in (figure.label, figure.value, figure.change, figure.since, figure.help):
            assert part.replace("\u00a0", " ") in first
    assert "Incidents of 10 March 2026 to 10 March 2026 · Drawn by Ruth Adeyemi on 20 March 2026" in first
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second


def test_the_second_page_has_the_gaps_the_cameras_and_the_ground(busy):
    _, second = pages(drawn(busy))
    # 18 incidents out of view; so few blocks borrow nothing from each other, so the gap is the count itself.
    assert "1 400 block of College St 18 0.0 18 " in second
    assert "Community cameras 1 0 1 0 0 0 0" in second
    found = questions.ask(busy, at=AT)
    for level, words in coverage_words.LEVEL_WORDS.items():
        shares = [
            coverage_words.percent(found.in_sight[light].by_level[level], 2) for light in ("day", "dark")
        ]
        assert f"{words} {shares[0]} {shares[1]}".replace("\u00a0", " ") in second


def test_the_second_page_says_what_was_asked_and_what_it_does_not_say(busy):
    found = questions.ask(busy, at=AT)
    _, second = pages(drawn(busy))
    for note in coverage_words.notes(found):
        if note not in {coverage_words.sentence(found), *coverage_words.caveats(found)[:2]}:
            assert note.replace("\u00a0", " ") in second
    for limit in (
        "gives nobody a view through it",
        "footage exists",
        "prevented a crime",
        "reported and recorded",
    ):
        assert limit in second
    assert "Of the 1 cameras that count, the lens of 0 is not known" in second
    assert "Incidents are loaded up to 10 March 2026." in second


def test_other_filters_are_in_words_too(busy):
    asked = {"level": "identify", "light": "dark", "layers": frozenset({"community", "alpr"})}
    asked |= {"groups": frozenset({"theft_from_vehicle", "robbery"}), "hours": (22, 3)}
    first, second = pages(drawn(busy, **asked))
    assert "A camera can show, in the dark:" in first
    for words in (
        "A camera must show who a stranger is (identify): 250 pixels a metre.",
        "Light: in the dark. Hours: 22:00 to 3:59.",
        "Cameras: Community cameras, Plate readers.",
        "Offences: Robbery, Theft from vehicles.",
    ):
        assert words in second


def test_harm_that_is_weighed_names_its_table(busy):
    set_policy(busy, harm_table="georgia")
    first, second = pages(drawn(busy))
    assert "Harm in view, by day" in first
    assert "Days of prison in Georgia's code, in days. Official Code of Georgia Annotated" in second
    assert "another would rank blocks otherwise" in second


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_data_says_so_on_both_pages_and_real_data_on_none(busy, synthetic):
    city = replace(records.city(busy), synthetic=synthetic)
    assert [handout.SYNTHETIC in page for page in pages(drawn(busy, city=city))] == [synthetic, synthetic]


def test_the_same_input_gives_the_same_bytes(busy):
    assert drawn(busy) == drawn(busy)
    assert drawn(busy) != drawn(busy, asked_by="Tom Becker")


def test_the_address_of_the_view_can_be_clicked(busy):
    link = "https://porchlight.example/coverage?level=observe&days=2026-03-10"
    content = drawn(busy, link=link)
    assert all(f"This view: {link}" in page for page in pages(content))
    annotation = PdfReader(io.BytesIO(content)).pages[0]["/Annots"][0].get_object()
    assert annotation["/A"]["/URI"] == link


EXTREME_NAMES = {
    "accents": "Peña’s Łódź Đường Çelebi Ångström œuvre Straße – São João",
    "long": "Martin Luther King Jr Memorial Boulevard and " * 20,
    "one word": "Llanfairpwllgwyngyll" * 20,
    "markup": "<b>Bold</b> & <img src='x'/> </para> ]]> \\(x\\)",
    "other scripts": "東京 Москва Αθήνα 🎥 \u202eabc \x00\x07 a\nb\tc",
    "nothing": "",
}


@pytest.mark.parametrize("name", EXTREME_NAMES.values(), ids=EXTREME_NAMES)
def test_any_name_is_printed_within_the_margins_of_two_pages(busy, name):
    gaps = gap_table(questions.ask(busy, at=AT), "block").assign(name=name)
    content = drawn(
        busy,
        gaps=gaps,
        city=replace(records.city(busy), name=name),
        asked_by=name,
        link=f"https://example.org/{name}",
    )
    assert len(PdfReader(io.BytesIO(content)).pages) == 2
    for page in written(content):
        assert len(page) > 20
        for left, right, y, text in page:
            assert left >= 40, text
            assert right <= 612 - 40, text
            assert 20 <= y <= 792 - 10, text


def test_every_typeface_is_in_the_file(busy):
    for page in PdfReader(io.BytesIO(drawn(busy))).pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]


def test_letters_with_accents_can_be_read(busy):
    name = EXTREME_NAMES["accents"]
    assert f"What cameras see in {name}" in pages(drawn(busy, city=replace(records.city(busy), name=name)))[0]


def test_a_long_name_of_a_block_is_cut(busy):
    gaps = gap_table(questions.ask(busy, at=AT), "block").assign(name=EXTREME_NAMES["long"])
    assert "Martin Luther King Jr Memorial Boulevard" in pages(drawn(busy, gaps=gaps))[1]
    assert "…" in pages(drawn(busy, gaps=gaps))[1]


def test_a_long_list_of_filters_moves_nothing_off_the_page(busy):
    # All that makes the second page longest: long names, all but one of everything, and every warning there is.
    record(busy, (5000.0, 0.0, NOON))
    set_policy(busy, harm_table="georgia")
    every = frozenset(coverage_words.GROUPS) - {"other"}
    found = questions.ask(busy, at=AT, groups=every, layers=frozenset({"community", "city"}))
    names = {"name": EXTREME_NAMES["long"]}
    gaps = gap_table(found, "block").assign(**names, gap=1e7, low=1e6, high=1e8)
    content = drawn(busy, gaps=gaps, groups=every, layers=frozenset({"community", "city"}))
    second = written(content)[1]
    foot = min(y for *_, y, text in second if "Page 2" in text)
    said = sorted(y for *_, y, text in second)
    assert said[0] == foot
    assert min(y for y in said if y > foot + 1) > foot + 11, "nothing runs into the foot"
    assert "another would rank blocks otherwise" in pages(content)[1]


def _without(table: sa.Table):
    return lambda connection: connection.execute(sa.delete(table))


EMPTY = {
    "no incidents": ([schema.incident], "No such incident was recorded", "No gap can be named"),
    "no cameras": ([schema.consent, schema.camera], "No camera is listed yet", "No camera is listed yet"),
    "no blocks": ([schema.block], "No blocks are loaded", "No gap can be named"),
    "no streets": ([schema.street], "A camera could show", "Where harm happens"),
    "no districts": ([schema.district], "A camera could show", "Where harm happens"),
    "nothing but an outline": (
        [schema.incident, schema.consent, schema.camera, schema.block, schema.street, schema.building],
        "No such incident was recorded",
        "No camera is listed yet",
    ),
}


@pytest.mark.parametrize(("tables", "first", "second"), EMPTY.values(), ids=EMPTY)
def test_what_is_missing_is_said_in_words(busy, tables, first, second):
    for table in tables:
        busy.write(_without(table))
    shown = pages(drawn(busy))
    assert first in shown[0]
    assert second in shown[1]
    assert not [word for word in ("nan", "NaN", "None", "<NA>") if word in " ".join(shown).split()]


def test_a_city_without_an_outline_says_what_the_map_shows(busy):
    busy.write(lambda connection: connection.execute(sa.update(schema.city).values(outline=None)))
    assert "The city's outline is not loaded" in pages(drawn(busy))[0]


def test_cameras_whose_direction_nobody_knows_count_for_nothing(town):
    corner_camera(town, azimuth=None, days_old=questions.days_since(AT) + 30)
    record(town, (*SEEN, NOON))
    first, second = pages(drawn(town))
    assert "Nobody has stated which way the camera looks" in first
    assert "No camera that counts sees any of the ground." in first
    assert "Community cameras 1 0 0 0 0 1" in second


def test_the_place_of_a_private_camera_is_not_in_it(town):
    """Wherever a camera stands that sees no incident, and nothing for certain, the print is the same."""
    record(town, (*SEEN, NOON))
    camera = corner_camera(town, azimuth=None, days_old=questions.days_since(AT) + 30)
    prints = set()
    for east in (-200, 200):
        lon, lat = small_town.lon_lat(east, 200)
        moved = sa.update(schema.camera).where(schema.camera.c.id == camera).values(lon=lon, lat=lat)
        town.write(lambda connection, moved=moved: connection.execute(moved))
        prints.add(drawn(town))
    assert len(prints) == 1


def test_the_picture_lies_north_up_where_the_cameras_look(busy):
    alpha = np.asarray(picture(drawn(busy)).convert("RGBA"))[:, :, 3]
    found = questions.ask(busy, at=AT)
    cells = level_codes(found.ground, found.seen["day"]).reshape(found.ground.grid.shape)
    assert np.array_equal(alpha > 0, cells[::-1] > 0)
    rows, columns = np.nonzero(alpha)
    # The camera stands in the middle and looks north-east.
    assert rows.max() <= alpha.shape[0] / 2
    assert columns.min() >= alpha.shape[1] / 2 - 1


def test_the_picture_is_no_finer_than_print_shows_and_keeps_how_much_is_in_view(busy):
    set_policy(busy, coverage_cell_m=0.5)
    found = questions.ask(busy, at=AT)
    codes = level_codes(found.ground, found.seen["day"])
    alpha = np.asarray(picture(drawn(busy)).convert("RGBA"))[:, :, 3]
    inches = (612 - 2 * handout.MARGIN) / 72
    assert alpha.shape[1] <= np.ceil(inches * handout_map.PIXELS_AN_INCH) < found.ground.grid.shape[1]
    assert alpha.mean() / 255 == pytest.approx((codes > 0).mean(), rel=0.01)


def test_the_worst_block_has_its_number_beside_it(busy):
    numbers = {text: (left, y) for left, _, y, text in written(drawn(busy))[0] if text in "1234567"}
    assert set(numbers) == set("1234567")
    # Blocks 16 and 1 are the north-eastern and the south-western one; they hold 18 and 10 incidents.
    (east, north), (west, south) = numbers["1"], numbers["5"]
    assert east > 306 > west
    assert north > south


@pytest.mark.parametrize(
    ("certain", "words"),
    [
        (7, "Chance alone could not have ranked others here."),
        (2, "Dashed: chance alone could have ranked another here. Solid: it could not."),
        (0, "Dashed: chance alone could have ranked others here."),
    ],
)
def test_blocks_that_chance_could_have_ranked_otherwise_are_dashed(busy, certain, words):
    gaps = gap_table(questions.ask(busy, at=AT), "block")
    gaps = gaps.assign(rank_low=1, rank_high=[10] * certain + [16] * (len(gaps) - certain))
    content = drawn(busy, gaps=gaps)
    assert words in pages(content)[0]
    drawing = PdfReader(io.BytesIO(content)).pages[0].get_contents().get_data()
    assert (b"[2.4 1.6] 0 d" in drawing) == (certain < 7)


def test_the_four_levels_and_the_scale_are_in_the_legend(busy):
    first, _ = pages(drawn(busy))
    assert all(f"({level})" in first for level in optics.LEVELS)
    # The map is 760 m wide on 522 points at the most, and the bar at most 84 points long.
    assert " 0.1 km " in first
    assert " 0.05 mi " in first
