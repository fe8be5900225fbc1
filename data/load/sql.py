"""Pieces of SQL by which texts of any notation become values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.load.reading import Column, Staged, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.load.formats.description import Moment

#: What publishers write where they have nothing to say.
MISSING = ("", "NA", "N/A", "NULL", "NONE", "NAN")

#: A year that no clock of ours reaches; far enough to be refused as a future date.
FAR_FUTURE = "2200-01-01"

_OFFSET = r"\s*(?:Z|([+-])(\d\d):?(\d\d)?)$"

_SECONDS_OF_DAY = """CASE
    WHEN {time} IN ('24:00', '24:00:00', '2400') THEN 86400
    WHEN regexp_full_match({time}, '[0-9]{{3,4}}')
        THEN CASE WHEN right({time}, 2)::INT < 60 AND lpad({time}, 4, '0')[:2]::INT < 24
            THEN lpad({time}, 4, '0')[:2]::INT * 3600 + right({time}, 2)::INT * 60 END
    ELSE date_part('epoch', try_strptime({time},
        ['%H:%M:%S', '%H:%M', '%I:%M:%S %p', '%I:%M %p', '%H:%M:%S.%f'])::TIME)
    END"""


def text(column: Column | None) -> str:
    """The text in a column without the space around it; NULL where it says nothing."""
    if column is None:
        return "NULL::VARCHAR"
    trimmed = f"trim({column.raw}::VARCHAR)"
    missing = ", ".join(literal(word) for word in MISSING)
    return f"CASE WHEN upper({trimmed}) IN ({missing}) THEN NULL ELSE {trimmed} END"


def whole(column: Column | None) -> str:
    """As `text`, for what identifies something.

    A number that a spreadsheet or a database has made of it loses its fraction of zeros: 2025.00 is 2025.
    """
    return f"regexp_replace({text(column)}, '^([0-9]+)\\.0+$', '\\1')"


def stated(staged: Staged, moment: Moment | None) -> str:
    """Whether every column of a moment says something."""
    columns = [staged.column(name) for name in (moment.columns if moment else ())]
    if not columns or None in columns:
        return "false"
    return " AND ".join(f"{text(column)} IS NOT NULL" for column in columns)


def moment(staged: Staged, when: Moment | None, formats: Sequence[str], zone: str) -> str:
    """A moment as a TIMESTAMPTZ; NULL where it cannot be read."""
    columns = [staged.column(name) for name in (when.columns if when else ())]
    if when is None or not columns or None in columns:
        return "NULL::TIMESTAMPTZ"
    if when.column:
        return _date_and_time(staged.need(when.column), formats, zone)
    time = f"({text(staged.column(when.time))})" if when.time else "'00:00'"
    # A day and the seconds since its midnight by the clock on the wall, so 24:00 is the next day's 00:00.
    local = f"{_day(staged.need(when.date), formats)} + to_seconds({_SECONDS_OF_DAY.format(time=time)})"
    return _in_zone(local, zone)


def _date_and_time(column: Column, formats: Sequence[str], zone: str) -> str:
    if column.type == "TIMESTAMP WITH TIME ZONE":
        return column.raw
    if column.type.startswith(("TIMESTAMP", "DATE")):
        return _in_zone(f"{column.raw}::TIMESTAMP", zone)
    ways = []
    with_offset = [pattern for pattern in formats if "%z" in pattern]
    local = [pattern for pattern in formats if "%z" not in pattern and not pattern.startswith("epoch")]
    if with_offset:
        ways.append(_with_offset(text(column), with_offset))
    if local:
        ways.append(_in_zone(f"try_strptime({text(column)}, {_list(local)})", zone))
    if epoch := _epoch(column, formats):
        ways.append(f"timezone('UTC', {epoch})")
    return f"coalesce({', '.join(ways)})" if ways else "NULL::TIMESTAMPTZ"


def _with_offset(words: str, formats: Sequence[str]) -> str:
    """Texts that end in their offset from UTC.

    The offset is taken off by hand: where strptime reads one itself, DuckDB 1.5 takes 30 February for
    2 March.
    """
    without = _list([pattern.replace("%z", "").rstrip() for pattern in formats])
    offset = f"regexp_extract({words}, '{_OFFSET}', ['sign', 'hours', 'minutes'])"
    seconds = (
        f"CASE WHEN {offset}.sign = '-' THEN -1 ELSE 1 END * (coalesce(try_cast({offset}.hours AS INT), 0) * 3600 "
        f"+ coalesce(try_cast({offset}.minutes AS INT), 0) * 60)"
    )
    return (
        f"CASE WHEN regexp_matches({words}, '{_OFFSET}') THEN timezone('UTC', "
        f"try_strptime(regexp_replace({words}, '{_OFFSET}', ''), {without}) - to_seconds({seconds})) END"
    )


def _day(column: Column, formats: Sequence[str]) -> str:
    if column.type.startswith(("TIMESTAMP", "DATE")):
        return f"{column.raw}::DATE::TIMESTAMP"
    ways = []
    if local := [pattern for pattern in formats if "%z" not in pattern and not pattern.startswith("epoch")]:
        ways.append(f"try_strptime({text(column)}, {_list(local)})")
    if epoch := _epoch(column, formats):
        ways.append(epoch)
    return f"date_trunc('day', coalesce({', '.join(ways)}))" if ways else "NULL::TIMESTAMP"


def _epoch(column: Column, formats: Sequence[str]) -> str | None:
    """Seconds or milliseconds since 1970 as a TIMESTAMP in UTC."""
    if "epoch" in formats:
        seconds = f"try_cast({text(column)} AS DOUBLE)"
    elif "epoch_ms" in formats:
        seconds = f"(try_cast({text(column)} AS DOUBLE) / 1000)"
    else:
        return None
    return f"CASE WHEN {seconds} BETWEEN 0 AND 7e9 THEN make_timestamp(({seconds} * 1e6)::BIGINT) END"


def _in_zone(local: str, zone: str) -> str:
    """Local time as UTC.

    A time that the clock skips when summer begins is taken as if it had not been put forward (02:30
    becomes 03:30 summer time); one that comes twice when summer ends is taken as the second.
    """
    return (
        f"CASE WHEN ({local}) >= TIMESTAMP '{FAR_FUTURE}' THEN TIMESTAMPTZ '{FAR_FUTURE}' "
        f"WHEN ({local}) >= TIMESTAMP '1900-01-01' THEN timezone({literal(zone)}, {local}) END"
    )


def _list(patterns: Sequence[str]) -> str:
    return "[" + ", ".join(literal(pattern) for pattern in patterns) + "]"
