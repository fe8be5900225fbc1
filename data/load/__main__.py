"""``python -m data.load``: load files, and hand out what was refused.

Exit status 0: done. 1: the work failed, or an audit found something. 2: the call was wrong. The last line
says what happened.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from data import load, schema
from data.errors import PorchlightError
from data.load import quarantine
from data.load.layer_files import LAYERS
from data.load.progress import OnStandardError
from data.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; the exit status."""
    asked = _parser().parse_args(arguments)
    for path in filter(None, (getattr(asked, "file", None), getattr(asked, "mapping", None))):
        if not Path(path).is_file():
            print(f"There is no file {path}. Check the name.", file=sys.stderr)
            return 2
    try:
        with contextlib.closing(open_store()) as store:
            if asked.what == "quarantine":
                return _export(asked, store)
            report = _load(asked, store)
    except PorchlightError as error:
        print(error, file=sys.stderr)
        return 1
    print(report.as_json() if asked.json else report.sentence())
    return 1 if report.findings else 0


def _load(asked: argparse.Namespace, store: Store) -> load.LoadReport:
    progress = OnStandardError()
    match asked.what:
        case "incidents":
            return load.incidents(asked.file, store, asked.mapping, progress=progress)
        case "cameras":
            return load.cameras(asked.file, store, progress=progress)
        case "agency-cameras":
            return load.agency_cameras(asked.file, store, progress=progress)
        case "city":
            return load.city(asked.file, store, name=asked.name, timezone=asked.timezone)
        case layer:
            return getattr(load, layer)(asked.file, store, columns=dict(asked.column), progress=progress)


def _export(asked: argparse.Namespace, store: Store) -> int:
    table = schema.quarantine
    with store.read() as connection:
        sources = connection.scalars(
            sa.select(table.c.source).where(table.c.kind == asked.kind).distinct().order_by(table.c.source)
        ).all()
        if asked.source is None and len(sources) > 1:
            print(f"Rows of several sources are in quarantine; choose one with --source: {', '.join(sources)}.",
                  file=sys.stderr)  # fmt: skip
            return 2
        try:
            written = quarantine.export(connection, Path(asked.out), asked.kind, asked.source)
        except OSError as reason:
            print(
                f"{asked.out} cannot be written ({reason.strerror}). Choose another place.", file=sys.stderr
            )
            return 1
        sealed = connection.execute(
            sa.select(sa.func.count()).where(table.c.kind == asked.kind, table.c.raw.is_(None))
        ).scalar_one()
    words = f"{written:,} row{'' if written == 1 else 's'} written to {asked.out}."
    if sealed:
        words += f" {sealed:,} hold personal data and stay sealed: mend them in the file they came from."
    print(words)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data.load", description="Load a file into the store.")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for what, words in (
        ("incidents", "crime incidents"),
        ("cameras", "a registry of private cameras"),
        ("agency-cameras", "city cameras and plate readers"),
        *((layer, f"the map layer of {layer}") for layer in LAYERS),
        ("city", "the city's outline, name and time zone"),
    ):
        one = kinds.add_parser(what, help=f"load {words}")
        one.add_argument("file", metavar="FILE")
        one.add_argument("--json", action="store_true", help="print the report as one line of JSON")
        if what == "incidents":
            one.add_argument("--mapping", metavar="FILE", help="a TOML file that describes the columns")
        if what in LAYERS:
            one.add_argument(
                "--column",
                metavar="NAME=COLUMN",
                action="append",
                default=[],
                type=_pair,
                help="the file's column for one of ours, such as population=POP_EST",
            )
        if what == "city":
            one.add_argument("--name", required=True, help="the city's name")
            one.add_argument("--timezone", required=True, help="such as America/New_York")
    refused = kinds.add_parser("quarantine", help="hand out the rows that were refused")
    act = refused.add_subparsers(dest="act", required=True, metavar="ACT").add_parser(
        "export", help="write them as CSV, to be mended and loaded again"
    )
    act.add_argument("--out", required=True, metavar="FILE")
    act.add_argument(
        "--kind", default="incidents", choices=("incidents", "agency-cameras", "cameras", *LAYERS)
    )
    act.add_argument("--source", help="the source the rows are from, where there are several")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, separator, column = text.partition("=")
    if not (name and separator and column):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form name=COLUMN")
    return name, column


if __name__ == "__main__":
    sys.exit(main())
