"""The command line, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data.load.__main__ import main
from data.store import open_store
from tests.data.loading import areas, ask, row, written

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def test_done_is_0_and_the_last_line_is_the_report(
    store_url: str, environment: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment(store_url)
    file = written(tmp_path, row(1), row(2, point_x=""))
    assert main(["incidents", str(file)]) == 0
    assert capsys.readouterr().out.startswith(
        "incidents.csv: 2 rows, 1 accepted, 0 duplicates, 1 quarantined (no coord"
    )
    assert main(["incidents", str(file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["rows"], report["accepted"], report["duplicates"], report["quarantined"]) == (2, 0, 1, 1)
    assert report["reasons"] == {"no coordinates": 1}
    exported = tmp_path / "mend.csv"
    assert main(["quarantine", "export", "--out", str(exported)]) == 0
    assert "1 row written" in capsys.readouterr().out
    assert "no coordinates" in exported.read_text()


def test_every_kind_of_file_has_its_command(
    store_url: str, environment: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment(store_url)
    blocks = areas(tmp_path, "blocks", geoid=["a", "b"], pop=[1, 2])
    assert main(["city", str(blocks), "--name", "Somewhere", "--timezone", "America/New_York"]) == 0
    assert main(["blocks", str(blocks), "--column", "population=pop"]) == 0
    assert main(["districts", str(blocks), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == "districts"


def test_work_that_fails_is_1_and_says_why(
    store_url: str, environment: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment(store_url)
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    assert main(["incidents", str(file)]) == 1
    assert "of no known format" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["incidents"],
        ["city", __file__],
        ["blocks", __file__, "--column", "x"],
        ["quarantine"],
    ],
)
def test_a_wrong_call_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_a_file_that_is_not_there_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "nothing.csv"]) == 2
    assert "There is no file nothing.csv" in capsys.readouterr().err


def test_a_kill_leaves_all_of_a_load_or_nothing(tmp_path: Path, key_file: Path) -> None:
    rows = 3_000
    file = written(tmp_path, *(row(key, point_x="" if key % 10 == 0 else -75.19) for key in range(rows)))
    rng = random.Random(20)
    for attempt in range(3):
        url = f"duckdb:///{tmp_path}/killed-{attempt}.duckdb"
        open_store(url, key_file).close()
        process = subprocess.Popen(
            [sys.executable, "-m", "data.load", "incidents", str(file)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "PORCHLIGHT_KEY_FILE": str(key_file)},
            stdout=subprocess.PIPE,
        )
        time.sleep(rng.uniform(0.8, 2.2))
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate()
        store = open_store(url, key_file)
        counts = [
            ask(store, f"SELECT count(*) FROM {table}")[0][0]
            for table in ("incident", "quarantine", "load", "ledger_entry", "city")
        ]
        store.close()
        whole = [rows * 9 // 10, rows // 10, 1, 1, 1]
        assert counts in (whole, [0] * 5)
        assert not output or counts == whole  # what was acknowledged is there
