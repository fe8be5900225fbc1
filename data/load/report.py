"""What a load answers, and the words for why a row was refused."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Why a row is in quarantine: a short key that never changes, and a sentence for whoever mends it.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "malformed line": "The line does not have the columns of the header.",
        "truncated file": "The file breaks off in the middle of this row.",
        "wrong encoding": "The row holds bytes that are not text in the file's encoding.",
        "no key": "The column that identifies the row is empty.",
        "no coordinates": "The row does not say where it is.",
        "zero coordinates": "The coordinates are 0, 0: a place in the Atlantic that stands for 'not known'.",
        "outside the city": "The coordinates are more than 200 m outside the city.",
        "no time": "The row does not say when it happened.",
        "impossible date": "The date or time cannot be read, or lies before 1970.",
        "future date": "The date lies in the future.",
        "unknown offence": "The offence is not in the format's table of offences.",
        "duplicate key": "The key stands in the file more than once with different content, and nothing "
        "says which row is newer.",
        "no owner": "The row names no owner.",
        "no address": "The row gives no address.",
        "unknown kind": "The kind of camera is not one the registry knows.",
        "impossible value": "A number or a yes or no cannot be read.",
        "no consent": "The row does not say that the owner agreed to be listed.",
        "not a camera": "The row describes something that is neither a camera nor a plate reader.",
        "no geometry": "The feature has no shape.",
        "wrong geometry": "The feature is of another shape than the layer: blocks, districts and buildings are areas, "
        "streets are lines.",
        "private camera": "Nothing says that an agency runs this camera; a private one comes into the registry "
        "only through its owner.",
    }
)


@dataclass(frozen=True)
class LoadReport:
    """How many rows a file had, and what became of each.

    ``rows = accepted + duplicates + quarantined``, always. `accepted` counts new rows and rows that
    replaced an older self; `reasons` counts the quarantined ones by the keys of `REASONS`. `notes` are
    sentences a person should read, and `findings` the names of the audits that failed.
    """

    kind: str
    file: str
    format: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int
    reasons: Mapping[str, int]
    seconds: float
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The load in one line.

        >>> LoadReport("incidents", "a.csv", "x", 5, 3, 1, 1, {"no time": 1}, 0.5).sentence()
        'a.csv: 5 rows, 3 accepted, 1 duplicate, 1 quarantined (no time 1), in 0.5 s.'
        """
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.reasons.items()))
        parts = [
            f"{self.file}: {_counted(self.rows, 'row')}",
            f"{self.accepted:,} accepted",
            _counted(self.duplicates, "duplicate"),
            f"{self.quarantined:,} quarantined" + (f" ({why})" if why else ""),
        ]
        sentences = [", ".join(parts) + f", in {self.seconds:.1f} s.", *self.notes]
        if self.findings:
            sentences.append(f"The audit found something wrong: {', '.join(self.findings)}.")
        return " ".join(sentences)

    def as_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
