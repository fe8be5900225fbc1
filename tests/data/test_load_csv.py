"""Files of any quality: no line is lost, and nothing but a LoadError comes out."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import tempfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data import load
from data.errors import LoadError
from data.load import csv_files
from data.load.reading import staged
from tests.data.loading import HEADER, adds_up, ask, row, written

if TYPE_CHECKING:
    from pathlib import Path

    from data.store import Store


def read(
    content: bytes, folder: Path, name: str = "file.csv"
) -> tuple[list[tuple[str, ...]], list[tuple[str, str]]]:
    """The rows of a file, and its refused lines as (reason, text)."""
    file = folder / name
    file.write_bytes(content)
    with staged(file, personal=True) as found:  # in memory, which is quicker
        columns = ", ".join(column.raw for column in found.columns)
        rows = found.connection.execute(f"SELECT {columns} FROM raw ORDER BY row").fetchall()
        refused = found.connection.execute("SELECT reason, text FROM refused ORDER BY row").fetchall()
        assert found.count() == len(rows) + len(refused)
    return rows, refused


def test_a_quoted_field_may_run_over_several_lines(tmp_path: Path) -> None:
    rows, refused = read(b'a,b\n1,"x\ny, z"\n2,"say ""hi"""\n', tmp_path)
    assert rows == [("1", "x\ny, z"), ("2", 'say "hi"')]
    assert refused == []


def test_a_line_with_another_number_of_columns_is_malformed(tmp_path: Path) -> None:
    rows, refused = read(b"a,b\n1,2\n1\n1,2,3\n3,4\n", tmp_path)
    assert rows == [("1", "2"), ("3", "4")]
    assert refused == [("malformed line", "1"), ("malformed line", "1,2,3")]


def test_a_quotation_mark_that_is_never_closed_spoils_its_own_line_only(tmp_path: Path) -> None:
    rows, refused = read(b'a,b\n1,2\n3,"4\n5,6\n7,8\n', tmp_path)
    assert rows == [("1", "2"), ("5", "6"), ("7", "8")]
    assert refused == [("malformed line", '3,"4')]


def test_two_open_quotation_marks_do_not_swallow_the_lines_between(tmp_path: Path) -> None:
    rows, refused = read(b'a,b\n1,"2\n3,4\n5,6\n7,"8\n9,10\n', tmp_path)
    assert rows == [("3", "4"), ("5", "6"), ("9", "10")]
    assert [text for _, text in refused] == ['1,"2', '7,"8']


def test_an_inch_mark_within_a_field_is_just_a_character(tmp_path: Path) -> None:
    rows, refused = read(b"a,b\n1,6'2\" tall\n2,x\n", tmp_path)
    assert (rows, refused) == ([("1", "6'2\" tall"), ("2", "x")], [])


def test_bytes_that_are_no_text_are_kept_as_escapes_and_their_row_is_refused(tmp_path: Path) -> None:
    rows, refused = read(b"a,b\n1,CAF\xe9 ST\n2,caf\xc3\xa9\n", tmp_path)
    assert rows == [("2", "café")]
    assert refused == [("wrong encoding", "1,CAF\\xe9 ST")]


def test_a_nul_makes_its_line_malformed(tmp_path: Path) -> None:
    padding = b"0,padding so that the file begins as a text\n" * 100
    rows, refused = read(b"a,b\n" + padding + b"1,x\x00y\n2,z\n", tmp_path)
    assert rows[-1] == ("2", "z")
    assert refused == [("malformed line", "1,x\\x00y")]


def test_line_ends_byte_order_marks_and_empty_lines_are_no_matter(tmp_path: Path) -> None:
    wanted = [("1", "2"), ("3", "4")]
    for content in (
        b"a,b\r\n1,2\r\n\r\n3,4",
        b"\xef\xbb\xbfa,b\n\n1,2\n3,4\n\n",
        b"a;b\n1;2\n3;4\n",
        b"a\tb\r1\t2\r3\t4\r",
    ):
        assert read(content, tmp_path) == (wanted, [])
    assert read("a,b\n1,2\n3,4\n".encode("utf-16"), tmp_path) == (wanted, [])


def test_columns_without_a_name_or_with_the_same_one_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("Date,date,,a\n1,2,3,4\n")
    with staged(file) as found:
        assert found.names == ["Date", "date 2", "column 3", "a"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "no header"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "not a text file"),
        (gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-30] + b"damaged" * 5, "damaged|first line"),
        (b'[{"a": 1}, {"a"', "not valid JSON"),
        (b"[1, 2]", "not a list of records"),
        (b"PAR1 and then nothing", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "file.dat"
    file.write_bytes(content)
    with pytest.raises(LoadError, match=words), staged(file):
        pass


def test_a_folder_and_a_missing_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="is a folder"), staged(tmp_path):
        pass
    with pytest.raises(LoadError, match="There is no file"), staged(tmp_path / "nothing.csv"):
        pass


def test_a_header_alone_is_a_file_without_rows(duckdb_store: Store, tmp_path: Path) -> None:
    for name in ("incidents.csv", "open-end.csv"):
        file = written(tmp_path, name=name)
        if name == "open-end.csv":
            file.write_text(HEADER)
        report = load.incidents(file, duckdb_store)
        assert (report.rows, report.accepted, report.quarantined) == (0, 0, 0)


def test_of_a_packed_file_that_breaks_off_the_complete_rows_are_loaded(store: Store, tmp_path: Path) -> None:
    plain = written(
        tmp_path, *(row(key, location_block=f"{key * 7919} BLOCK") for key in range(500))
    ).read_bytes()
    file = tmp_path / "incidents.csv.gz"
    packed = gzip.compress(plain)
    file.write_bytes(packed[: len(packed) // 2])
    report = load.incidents(file, store)
    assert adds_up(report)
    assert 0 < report.accepted < 500
    assert report.reasons == {"truncated file": 1}
    assert "truncated" in report.sentence()
    [(raw,)] = ask(store, "SELECT raw FROM quarantine")
    assert json.loads(raw)["quarantine_line"].encode() in plain
    file.write_bytes(packed)
    assert load.incidents(file, store).accepted == 500 - report.accepted


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells.filter(bool)), max_size=8), st.sampled_from(["\n", "\r\n"]))
@example([("\r", "0")], "\n")
def test_both_readers_read_a_sound_file_alike(tmp_path: Path, rows: list[tuple[str, str]], end: str) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    file = tmp_path / "file.csv"
    file.write_text(buffer.getvalue(), encoding="utf-8", newline="")

    def rows_of(*, sound: bool) -> list[dict[str, object]]:
        found = csv_files.look_through(file, tmp_path)
        found.sound = sound
        read = pa.Table.from_batches(found.batches(), found.schema).to_pylist()
        assert found.refused.row == []
        return read

    assert [(one["c0"], one["c1"]) for one in rows_of(sound=True)] == rows
    assert [(one["c0"], one["c1"]) for one in rows_of(sound=False)] == rows


VALID = (
    "\n".join([HEADER, *(row(key, location_block=f'"BLOCK ""{key}"""') for key in range(12))]) + "\n"
).encode()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid file, plain or packed, that something has happened to."""
    content = bytearray(VALID)
    if draw(st.booleans()):
        content = bytearray(gzip.compress(bytes(content), mtime=0))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["cut", "flip", "insert", "append"])):
            case "cut":
                del content[at : at + draw(st.integers(1, 400))]
            case "flip" if at < len(content):
                content[at] ^= draw(st.integers(1, 255))
            case "insert":
                content[at:at] = draw(
                    st.sampled_from([b'"', b"\n", b"\r", b"\x00", b"\xff", b",", b'"\n"', b"\xe2\x82"])
                )
            case "append":
                content += draw(st.binary(max_size=60))
    return bytes(content)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_reading_whatever_has_happened_to_a_file_counts_every_line(tmp_path: Path, content: bytes) -> None:
    with contextlib.suppress(LoadError):
        read(content, tmp_path)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_loading_whatever_has_happened_to_a_file_adds_up(
    duckdb_store: Store, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "incidents.csv"
    file.write_bytes(content)
    try:
        first = load.incidents(file, duckdb_store)
    except LoadError:
        return
    second = load.incidents(file, duckdb_store)
    assert adds_up(first)
    assert adds_up(second)
    assert second.accepted == 0
    assert second.quarantined == first.quarantined
    assert second.findings == ()


def test_nothing_is_left_of_the_staging_area(
    duckdb_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "staging"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    load.incidents(written(tmp_path, row(1)), duckdb_store)
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises(LoadError):
        load.incidents(tmp_path / "other.csv", duckdb_store)
    assert list(own.iterdir()) == []
