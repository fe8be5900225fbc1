"""Loading a large crime export, beside reading and cleaning it with pandas.

    python -m benchmarks.loading [FILE]

Without FILE it takes Philadelphia's from ../shared/data, where that is there.
The loader checks every row, keeps what it refuses, finds duplicates, and commits to a database; pandas only
reads and cleans in memory. Each runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def ours(file: Path) -> dict[str, Any]:
    """Load the file into a fresh DuckDB store."""
    from data import load  # noqa: PLC0415 - the other process must not pay for it
    from data.store import open_store  # noqa: PLC0415 - nor for this

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"duckdb:///{folder}/store.duckdb", f"{folder}/key")
        report = load.incidents(file, store)
        again = load.incidents(file, store)
        store.close()
    return {
        "rows": report.rows,
        "seconds": report.seconds,
        "what": report.sentence(),
        "again": again.sentence(),
    }


def pandas(file: Path) -> dict[str, Any]:
    """Read the file, drop what has no place or time, and drop duplicates."""
    import pandas as pd  # noqa: PLC0415 - our own process must not pay for it

    started = time.perf_counter()
    frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, low_memory=False)
    rows = len(frame)
    frame["dispatch_date_time"] = pd.to_datetime(frame["dispatch_date_time"], utc=True, errors="coerce")
    frame["dc_key"] = frame["dc_key"].astype(str).str.replace(r"\.0+$", "", regex=True)
    place = frame["point_x"].between(-180, 180) & frame["point_y"].between(-90, 90) & (frame["point_x"] != 0)
    frame = frame[place & frame["dispatch_date_time"].notna()].drop_duplicates("dc_key")
    return {"rows": rows, "seconds": time.perf_counter() - started, "what": f"{len(frame):,} rows left"}


LARGEST = Path(__file__).resolve().parents[2] / "shared/data/philadelphia/incidents_2006_2026.parquet"


def main() -> None:
    """Run both, each in its own process, and print their figures side by side."""
    if len(sys.argv) == 3:
        found = {"ours": ours, "pandas": pandas}[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    file = sys.argv[1] if len(sys.argv) == 2 else str(LARGEST)
    if not Path(file).exists():
        print(f"Left out: there is no {file}. Name a file: python -m benchmarks.loading FILE")
        return
    results = {}
    for name in ("ours", "pandas"):
        output = subprocess.run(
            [sys.executable, "-m", "benchmarks.loading", name, file],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found = results[name] = json.loads(output.splitlines()[-1])
        print(
            f"{name:>8}: {found['rows'] / found['seconds']:>10,.0f} rows/s  {found['seconds']:6.1f} s  "
            f"{found['peak_mb']:7,.0f} MB  {found['what']}"
        )
    print(f"   again: {results['ours']['again']}")
    print(f"   ratio: {results['ours']['seconds'] / results['pandas']['seconds']:.1f} times pandas")


if __name__ == "__main__":
    main()
