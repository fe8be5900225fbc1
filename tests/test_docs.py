"""The docs say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data.settings import ENVIRONMENT, POLICY

PROJECT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("setting", [*ENVIRONMENT, *POLICY], ids=lambda setting: setting.name)
def test_every_setting_is_in_the_docs_with_its_default_and_help(setting):
    lines = (PROJECT / "docs" / "settings.md").read_text().splitlines()
    text = setting.default if isinstance(setting.default, str) else json.dumps(setting.default)
    default = text.replace("|", "\\|")
    assert f"| `{setting.name}` | `{default}` | {setting.help} |" in lines


def test_the_docs_name_no_setting_that_does_not_exist():
    named = set(re.findall(r"^\| `(\w+)`", (PROJECT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert named == {setting.name for setting in [*ENVIRONMENT, *POLICY]}


def test_every_file_that_the_readme_links_to_exists():
    links = re.findall(r"\]\(([^)]+)\)", (PROJECT / "README.md").read_text())
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_every_command_of_the_readme_exists():
    modules = set(
        re.findall(r"-m ((?:data|workflow|analytics)\.[\w.]+)", (PROJECT / "README.md").read_text())
    )
    files = [PROJECT / module.replace(".", "/") for module in modules]
    assert [
        str(file)
        for file in files
        if not (file.with_suffix(".py").exists() or (file / "__main__.py").exists())
    ] == []
