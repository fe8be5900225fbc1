"""The arrows between the rooms run one way, and an arrow that runs the other way is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pages.ui.registry import PAGES

PROJECT = Path(__file__).resolve().parents[1]
ROOMS = ("pages", "workflow", "data", "analytics")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "lint-imports", "--config", "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_arrows_hold():
    found = lint(PROJECT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("data/wrong.py", "import workflow.acts", "Arrows run one way"),
        ("data/wrong.py", "import analytics.grid", "The records do not compute"),
        ("workflow/wrong.py", "import pages.ui.guard", "Arrows run one way"),
        ("analytics/wrong.py", "import data.settings", "analytics imports nobody here"),
        ("analytics/wrong.py", "import streamlit", "analytics imports nobody here"),
        ("pages/start.py", "import pages.ledger", "Pages never import each other"),
        ("pages/start.py", "import sqlalchemy", "Only data knows the database"),
        ("pages/ui/wrong.py", "import data.vault", "Only data knows the database"),
    ],
)
def test_an_arrow_that_runs_the_other_way_is_found(tmp_path, file, line, contract):
    for room in ROOMS:
        shutil.copytree(PROJECT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as broken:
        broken.write(f"\n{line}\n")
    found = lint(tmp_path)
    assert found.returncode == 1
    broken_contracts = [line for line in found.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken_contracts), found.stdout


def test_every_page_is_in_the_contract_that_keeps_pages_apart():
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    apart = next(contract for contract in contracts if contract["type"] == "independence")
    assert set(apart["modules"]) == {f"pages.{page.name}" for page in PAGES} | {"pages.router"}
