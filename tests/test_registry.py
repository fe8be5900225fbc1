"""The pages are a table: what is in it has a file, a guard, an icon, words of help and a line in the docs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.string_util import validate_material_icon

from data.roles import PERMISSIONS, ROLES
from pages.ui.registry import FOLDER, PAGES

DOCS = Path(__file__).resolve().parents[1] / "docs" / "pages.md"
NOT_PAGES = {"__init__.py", "router.py"}


def named(page) -> str:
    return page.name


def test_every_file_in_pages_is_in_the_table_and_the_other_way_round():
    assert {file.name for file in FOLDER.glob("*.py")} - NOT_PAGES == {page.file for page in PAGES}
    assert len({page.name for page in PAGES}) == len({page.title for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_page_has_words_of_help_and_an_icon(page):
    assert page.help.endswith(".")
    assert page.help[0].isupper()
    assert validate_material_icon(page.icon) == page.icon
    assert page.title[0].isupper()
    assert page.title[1:] == page.title[1:].lower(), "sentence case"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_docstring_of_a_page_is_its_title_and_one_question(page):
    title, question = ast.get_docstring(tree_of(page)).splitlines()[0].split(": ", 1)
    assert page.title.startswith(title)
    assert "?" in question


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_first_thing_a_page_does_is_to_ask_its_guard(page):
    assert first_call(tree_of(page)) == f"guard.require('{page.name}')"


@pytest.mark.parametrize(
    "source",
    [
        "import streamlit as st\nst.title('x')\nactor = guard.require('x')",
        "found = lookup.offences()\nguard.require('x')",
        "guard.require('y')",
        "if guard.require('x'):\n    pass",
        "def show(found=lookup.offences()): ...\nguard.require('x')",
        "import streamlit as st",
    ],
)
def test_a_page_that_does_anything_before_would_be_found(source):
    assert first_call(ast.parse(source)) != "guard.require('x')"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_class_is_defined_in_a_page(page):
    assert not [part for part in ast.walk(tree_of(page)) if isinstance(part, ast.ClassDef)]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_page_has_a_line_in_the_docs(page):
    who = "everybody"
    if page.act is not None:
        who = ", ".join(ROLES[role].lower() for role, acts in PERMISSIONS.items() if page.act in acts)
    address = "" if page.name == "start" else page.name
    assert f"| {page.title} (`/{address}`) | {who} | {page.help} |" in DOCS.read_text().splitlines()


def test_the_docs_name_no_page_that_does_not_exist():
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("|")]
    assert len(lines) == len(PAGES) + 2, "two lines of heading"


def test_some_role_opens_every_page():
    held = {act for acts in PERMISSIONS.values() for act in acts}
    assert {page.act for page in PAGES} <= held | {None}


def tree_of(page) -> ast.Module:
    return ast.parse((FOLDER / page.file).read_text())


def first_call(tree: ast.Module) -> str | None:
    """The first call that happens when the page runs, as a statement of its own; None where there is none.

    Decorators may be called: caching a function reads nothing yet.
    """
    for statement in tree.body:
        part: ast.AST = statement
        if isinstance(statement, ast.FunctionDef):
            part = statement.args  # its body waits until it is called, its defaults do not
        calls = [call for call in ast.walk(part) if isinstance(call, ast.Call)]
        if calls:
            alone = isinstance(statement, ast.Expr | ast.Assign) and statement.value is calls[0]
            return ast.unparse(calls[0]) if alone else ast.unparse(statement)
    return None
