r"""CSV files of any quality, as columns of text; no line is lost.

A file with a row on every line goes through Arrow's reader. Any other (a line with too few or too many
columns, a field that runs over several lines, a quotation mark too many, bytes that are no text, a packed
file that breaks off) goes through a second reader that takes it line by line, because in such a file it is
the lines themselves that are in question. Both give the same columns for the same sound lines.

How unsound lines are read:

- A line whose number of columns is not the header's is malformed.
- A quotation mark that is never closed spoils its own line only. A quoted field may run over at most
  `LINES_MAX` lines; a longer one, or one that leaves the wrong number of columns, is given up: its first
  line is malformed and reading goes on with the second.
- Bytes that are not text in the file's encoding are kept as ``\\xNN`` and their row is refused. Guessing
  another encoding for the whole file would silently turn letters into others; whoever knows better
  names the encoding in a mapping.
- A NUL makes its line malformed: neither JSON nor PostgreSQL can hold one.
- Of a packed file that breaks off, all complete lines are read; the broken last one is kept as refused.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.csv

from data.errors import LoadError
from data.load.files import Chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LINES_MAX = 100
BATCH_ROWS = 50_000
BLOCK_BYTES = 8 << 20
FIELD_CHARACTERS_MAX = 10_000_000
DELIMITERS = ",;\t|"

# Bytes that are no text travel through the line reader as characters of this private range.
FIRST_MARK = 0x10F700
MARKS = re.compile(f"[{chr(FIRST_MARK)}-{chr(FIRST_MARK + 0xFF)}]")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(FIRST_MARK + byte) for byte in wrong), error.end


codecs.register_error("porchlight-mark", _mark)


@dataclass
class Refused:
    """Lines that are no rows, in the order of the file."""

    row: list[int] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def add(self, row: int, reason: str, text: str) -> None:
        """Keep one line; what cannot be shown in it is written as an escape."""
        self.row.append(row)
        self.reason.append(reason)
        self.text.append(shown(text.rstrip("\r\n")))


@dataclass
class CsvFile:
    """A CSV file, looked through once: its columns, and how its rows are to be read."""

    columns: list[str]
    truncated: bool
    sound: bool
    lines: int  # below the header
    _text: Path
    _start: int  # where the rows begin, in bytes
    _delimiter: str
    _tail: str
    refused: Refused = field(default_factory=Refused)

    def batches(self, progress: Callable[[int], None] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in order: columns ``row`` (from 0) and ``c0``, ``c1``, ... of text.

        `refused` is complete once the last batch has been read.
        """
        count = 0
        for batch in self._fast() if self.sound else self._line_by_line():
            count += batch.num_rows
            if progress:
                progress(count)
            yield batch

    @property
    def schema(self) -> pa.Schema:
        """The columns of the batches."""
        names = [f"c{position}" for position in range(len(self.columns))]
        return pa.schema([("row", pa.int64()), *((name, pa.string()) for name in names)])

    def _fast(self) -> Iterator[pa.RecordBatch]:
        names = self.schema.names[1:]
        with self._text.open("rb") as file:
            file.seek(self._start)
            if not file.read(1):
                return
            file.seek(self._start)
            row = 0
            for batch in _reader(file, names, self._delimiter):
                rows = pa.array(range(row, row + batch.num_rows), pa.int64())
                row += batch.num_rows
                yield pa.record_batch([rows, *batch.columns], self.schema)

    def _line_by_line(self) -> Iterator[pa.RecordBatch]:
        width = len(self.columns)
        kept: list[list[str]] = []
        numbers: list[int] = []
        row = -1
        for record, text in _records(self._lines(), width, self._delimiter):
            row += 1
            if record is None or "\0" in text:
                self.refused.add(row, "malformed line", text)
            elif MARKS.search(text):
                self.refused.add(row, "wrong encoding", text)
            else:
                numbers.append(row)
                kept.append(record)
            if len(kept) == BATCH_ROWS:
                yield self._batch(numbers, kept)
                kept, numbers = [], []
        if self._tail:
            self.refused.add(row + 1, "truncated file", self._tail)
        if kept:
            yield self._batch(numbers, kept)

    def _batch(self, numbers: list[int], records: list[list[str]]) -> pa.RecordBatch:
        columns = [pa.array(column, pa.string()) for column in zip(*records, strict=True)]
        return pa.record_batch([pa.array(numbers, pa.int64()), *columns], self.schema)

    def _lines(self) -> Iterator[str]:
        with self._text.open(encoding="utf-8", errors="porchlight-mark", newline="") as file:
            file.seek(self._start)
            yield from file


def look_through(
    path: Path, folder: Path, encoding: str | None = None, delimiter: str | None = None
) -> CsvFile:
    """Read the file once from end to end, to know how to read its rows.

    Unpacked or recoded text is kept in `folder`. Raises `LoadError` for a file with no header.
    """
    chunks = Chunks(path)
    encoding = encoding or _encoding_by_mark(path)
    recoded = encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig")
    text = folder / "text.csv" if chunks.packed or recoded else path
    valid = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        recode = codecs.getincrementaldecoder(encoding)("porchlight-mark")
    except LookupError:
        raise LoadError(
            f"There is no encoding called '{encoding}'. Write utf-8, cp1252 or latin-1."
        ) from None
    quotes, lines, sound, last = 0, 0, True, b""
    with text.open("wb") if text != path else contextlib.nullcontext() as copy:
        for piece in chunks:
            chunk = recode.decode(piece).encode() if recoded else piece
            quotes += chunk.count(b'"')
            lines += chunk.count(b"\n")
            last = chunk[-1:] or last
            sound = sound and b"\0" not in chunk and _decodes(valid, chunk)
            if copy:
                copy.write(chunk)
        if copy and recoded:
            copy.write(recode.decode(b"", final=True).encode())
    sound = sound and _decodes(valid, b"", final=True) and quotes % 2 == 0
    lines += last not in (b"\n", b"")  # the last line may have no end
    tail = _cut_tail(text) if chunks.truncated else ""
    header, start, delimiter = _header(text, path.name, delimiter)
    return CsvFile(
        distinct(header),
        chunks.truncated,
        sound and not tail,
        lines - _lines_before(text, start),
        text,
        start,
        delimiter,
        tail,
    )


def shown(text: str) -> str:
    r"""`text` with what cannot be kept written as an escape: ``\\xe9`` for a byte that is no text."""
    text = MARKS.sub(lambda mark: f"\\x{ord(mark.group()) - FIRST_MARK:02x}", text)
    return text.replace("\0", "\\x00")


def _records(lines: Iterator[str], width: int, delimiter: str) -> Iterator[tuple[list[str] | None, str]]:
    """Every row as its fields, or as None where the line is malformed, with its text."""
    waiting: list[str] = []  # lines read ahead, last first
    while text := waiting.pop() if waiting else next(lines, ""):
        if not text.strip("\r\n"):
            continue
        open_quote = text.count('"') % 2 == 1
        # Strict reading tells an open quotation mark, and refuses text behind a closing one. Arrow allows
        # that within a line, and so do we; over several lines it is the mark of two that were left open.
        record = _fields(text, delimiter, (True,) if open_quote else (True, False))
        if record is not None and len(record) == width:
            yield record, text
            continue
        parts = [text]
        while open_quote and len(parts) < LINES_MAX:
            following = waiting.pop() if waiting else next(lines, "")
            if not following:
                break
            parts.append(following)
            open_quote = following.count('"') % 2 == 0
        if len(parts) > 1:
            whole = "".join(parts)
            record = _fields(whole, delimiter, (True,))
            if record is not None and len(record) == width:
                yield record, whole
                continue
            waiting.extend(reversed(parts[1:]))
        yield None, text


def _fields(text: str, delimiter: str, strictly: tuple[bool, ...] = (True, False)) -> list[str] | None:
    """The fields of one row, read strictly or not, in this order; None where that cannot be."""
    csv.field_size_limit(FIELD_CHARACTERS_MAX)
    for strict in strictly:
        try:
            return next(csv.reader([text], delimiter=delimiter, strict=strict), None)
        except csv.Error:
            continue
    return None


def _header(text: Path, name: str, delimiter: str | None) -> tuple[list[str], int, str]:
    """The column names, where in the file the rows begin, and what separates the columns."""
    with text.open("rb") as file:
        mark = 3 if file.read(3) == codecs.BOM_UTF8 else 0
        file.seek(mark)
        line = b""
        while not line.strip():
            mark = file.tell()
            line = file.readline(FIELD_CHARACTERS_MAX)
            if not line:
                raise LoadError(f"{name} has no header line. Download it again.")
        while line.count(b'"') % 2 and line.count(b"\n") < LINES_MAX:
            more = file.readline(FIELD_CHARACTERS_MAX)
            if not more:
                break
            line += more
    header = line
    if b"\r" in line.rstrip(b"\r\n") and b'"' not in line:  # lines that end in a lone carriage return
        header = line[: line.index(b"\r") + 1]
    words = shown(header.decode("utf-8", "porchlight-mark")).strip("\r\n")
    if delimiter is None:
        delimiter = max(DELIMITERS, key=lambda candidate: len(_fields(words, candidate) or []))
    columns = _fields(words, delimiter)
    if not columns:
        raise LoadError(f"The first line of {name} is not a header of columns. Is this a CSV file?")
    return columns, mark + len(header), delimiter


def distinct(names: list[str]) -> list[str]:
    """Names that differ, whatever their case: an empty one is named after its position."""
    taken: set[str] = set()
    chosen = []
    for position, written in enumerate(names, start=1):
        name = written.strip() or f"column {position}"
        while name.lower() in taken:
            name = f"{name} {position}"
        taken.add(name.lower())
        chosen.append(name)
    return chosen


def _lines_before(text: Path, start: int) -> int:
    """How many lines the header takes."""
    with text.open("rb") as file:
        header = file.read(start)
    return header.count(b"\n") + (not header.endswith(b"\n"))


def _cut_tail(text: Path) -> str:
    """Cut what stands after the last line end from the file, and answer it."""
    with text.open("rb+") as file:
        start = max(0, file.seek(0, os.SEEK_END) - FIELD_CHARACTERS_MAX)
        file.seek(start)
        content = file.read()
        end = content.rfind(b"\n") + 1
        file.truncate(start + end)
    if not end:
        raise LoadError("The packed file breaks off within its first line. Download it again.")
    return content[end:].decode("utf-8", "porchlight-mark")


def _encoding_by_mark(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _reader(file: BinaryIO, names: list[str], delimiter: str) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        file,
        pyarrow.csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES),
        pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, null_values=[], strings_can_be_null=False
        ),
    )
