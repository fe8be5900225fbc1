"""The file as it was received: that it is there, what it is, and its fingerprint."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


def existing(path: str | Path) -> Path:
    """`path`, which is known to be a file with something in it."""
    path = Path(path)
    try:
        if path.is_dir():
            raise LoadError(f"{path} is a folder. Name a file in it.")
        if not path.exists():
            raise LoadError(f"There is no file {path}. Check the name.")
        with path.open("rb") as file:
            if not file.read(1):
                raise LoadError(f"{path} is empty. Download it again.")
    except (OSError, ValueError) as reason:
        if isinstance(reason, LoadError):
            raise
        raise LoadError(f"{path} cannot be opened ({reason}). Check the name and who may read it.") from None
    return path


def fingerprint(path: Path) -> str:
    """SHA-256 of the bytes of the file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kind(path: Path) -> str:
    """csv, json, parquet or geodata: told from the first bytes, and from the name where those say nothing."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(GZIP_MAGIC):
        return "csv"
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK") and path.suffix.lower() in (".xlsx", ".xlsm", ".ods"):
        raise LoadError(f"{path.name} is a spreadsheet. Save it as CSV (UTF-8) and load that.")
    if path.suffix.lower() in (".gpkg", ".shp", ".zip", ".pbf", ".gdb", ".fgb", ".kml", ".gml"):
        return "geodata"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"[", b"{") and path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return "geodata" if b'"FeatureCollection"' in start else "json"
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LoadError(f"{path.name} is not a text file. Export it as CSV (UTF-8) and load that.")
    return "csv"


class Chunks:
    """The bytes of a file in pieces, unpacked where they were packed.

    After the last piece `truncated` says whether a packed file breaks off. A packed file that is
    damaged in any other way is refused: nobody could say which of its rows are right.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.truncated = False
        with path.open("rb") as file:
            self.packed = file.read(2) == GZIP_MAGIC

    def __iter__(self) -> Iterator[bytes]:
        with gzip.open(self.path) if self.packed else self.path.open("rb") as file:
            while True:
                try:
                    chunk = file.read1(CHUNK_BYTES) if self.packed else file.read(CHUNK_BYTES)
                except EOFError:
                    self.truncated = True
                    return
                except (OSError, zlib.error) as reason:
                    raise LoadError(
                        f"{self.path.name} is damaged ({reason}), so none of its rows can be trusted. "
                        "Download it again."
                    ) from None
                if not chunk:
                    return
                yield chunk
