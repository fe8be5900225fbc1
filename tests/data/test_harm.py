"""The harm tables: whole, in a sensible order, and as docs/harm.md says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.errors import PorchlightError
from data.harm import BASES, GEORGIA, HIGH_MISDEMEANOR, MISDEMEANOR, TABLES, weights_of
from data.offences import GROUPS, OFFENCES
from data.settings import POLICY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "harm.md").read_text()
NO_CRIME = {"09C", "90I"}  # justifiable homicide and runaways; docs/harm.md says why they weigh nothing


def rows_of_the_page() -> list[tuple[str, ...]]:
    rows = re.findall(r"^\| `(\w{3})` \|(.+)\|$", PAGE, re.MULTILINE)
    return [(code, *(cell.strip() for cell in cells.split("|"))) for code, cells in rows]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_weighs_every_offence_and_no_other(name):
    assert set(weights_of(name)) == set(OFFENCES)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_its_own_name_and_where_it_is_from(name):
    table = TABLES[name]
    assert table.name == name
    assert all((table.title, table.unit, table.source))


def test_every_crime_weighs_something_and_what_is_no_crime_weighs_nothing():
    weights = weights_of("georgia")
    assert {code for code, weight in weights.items() if weight == 0} == NO_CRIME
    assert min(weights.values()) == 0


def test_murder_weighs_most_and_alone():
    weights = dict(weights_of("georgia"))
    murder = weights.pop("09A")
    assert murder > max(weights.values())


def test_a_plain_count_weighs_everything_alike():
    assert set(weights_of("count").values()) == {1.0}


def test_fines_are_counted_in_days_of_work_at_the_minimum_wage():
    # O.C.G.A. 17-10-3 and 17-10-4: $1,000 and $5,000; 29 U.S.C. 206: $7.25 an hour, eight hours a day.
    assert round(1_000 / 58) == MISDEMEANOR
    assert round(5_000 / 58) == HIGH_MISDEMEANOR


@pytest.mark.parametrize(
    ("code", "years"),
    [
        # The shortest terms as the sections state them (docs/harm.md has each with its section).
        ("11A", 25),  # rape, 16-6-1(b): a split sentence of not less than 25 years
        ("36A", 10),  # incest, 16-6-22(b): not less than ten nor more than 30 years
        ("120", 1),  # robbery, 16-8-40(b): not less than one nor more than 20 years
        ("13A", 1),  # aggravated assault, 16-5-21(b): not less than one nor more than 20 years
        ("220", 1),  # burglary, 16-7-1(b) and (c): not less than one
        ("101", 15),  # treason, 16-11-1(b): not less than 15 years
    ],
)
def test_a_felony_weighs_the_shortest_term_of_its_section(code, years):
    assert weights_of("georgia")[code] == years * 365


def test_what_nobody_checked_never_weighs_more_than_the_least_felony():
    assert [term.code for term in GEORGIA if term.basis == "unchecked" and term.days > 365] == []


def test_each_offence_has_one_row_with_a_known_basis():
    assert sorted(term.code for term in GEORGIA) == sorted(OFFENCES)
    assert {term.basis for term in GEORGIA} == set(BASES)


def test_weights_cannot_be_changed():
    with pytest.raises(TypeError):
        weights_of("georgia")["120"] = 0.0  # type: ignore[index]


def test_an_unknown_table_is_one_sentence_that_names_those_there_are():
    with pytest.raises(PorchlightError) as refused:
        weights_of("texas")
    message = str(refused.value)
    assert "'texas'" in message
    assert all(name in message for name in TABLES)
    assert message.count(".") == 1


def test_the_default_of_the_setting_is_a_table():
    assert {setting.name: setting.default for setting in POLICY}["harm_table"] in TABLES


def test_the_page_has_the_rows_of_the_code():
    of_the_code = {
        (term.code, OFFENCES[term.code].description, term.law, f"{term.days:,}", term.basis, term.note)
        for term in GEORGIA
    }
    rows = rows_of_the_page()
    assert len(rows) == len(OFFENCES)
    assert set(rows) == of_the_code


def test_the_page_is_in_the_order_of_the_filters():
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == [group.label for group in GROUPS.values()]
    assert [row[0] for row in rows_of_the_page()] == [
        code for group in GROUPS.values() for code in group.codes
    ]


def test_the_page_says_how_many_rows_were_checked_and_how():
    for basis, meaning in BASES.items():
        count = sum(term.basis == basis for term in GEORGIA)
        assert f"| `{basis}` | {meaning} | {count} |" in PAGE


def test_the_page_names_every_table():
    assert [name for name in TABLES if f"| `{name}` |" not in PAGE] == []
