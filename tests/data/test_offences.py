"""The offences of NIBRS and the groups that filters offer."""

from __future__ import annotations

import csv

import pytest

from data.errors import PorchlightError
from data.offences import GROUPS, OFFENCES, group_of
from tests.shared_data import shared


def published(name: str) -> dict[str, str]:
    with shared(f"reference/nibrs_{name}.csv").open(newline="") as file:
        return {row["code"]: row["description"] for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("crimes_against", "crime_against"),
        ("offense_categories", "category"),
        ("offense_groups", "group"),
    ],
)
def test_offences_are_those_that_nibrs_publishes(name, field):
    assert {code: getattr(offence, field) for code, offence in OFFENCES.items()} == published(name)


def test_every_published_offence_is_in_exactly_one_group():
    grouped = [code for group in GROUPS.values() for code in group.codes]
    assert sorted(grouped) == sorted(published("crimes_against"))


def test_every_offence_is_in_exactly_one_group():
    grouped = [code for group in GROUPS.values() for code in group.codes]
    assert sorted(grouped) == sorted(OFFENCES)


def test_the_group_of_an_offence_holds_it():
    assert [code for code in OFFENCES if code not in GROUPS[group_of(code)].codes] == []


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("13A", "Violence"),
        ("120", "Robbery"),
        ("11A", "Sexual offences"),
        ("220", "Burglary"),
        ("240", "Vehicle theft"),
        ("23F", "Theft from vehicles"),
        ("23C", "Other theft"),
        ("290", "Damage and arson"),
        ("26F", "Fraud, forgery and extortion"),
        ("35A", "Drugs and weapons"),
        ("90D", "Other"),
    ],
)
def test_an_offence_is_where_a_captain_looks_for_it(code, label):
    assert GROUPS[group_of(code)].label == label


def test_labels_differ_so_that_a_filter_can_be_read():
    labels = [group.label for group in GROUPS.values()]
    assert len(set(labels)) == len(labels)


def test_an_unknown_code_is_one_sentence():
    with pytest.raises(
        PorchlightError, match=r"^There is no NIBRS offence '23Z': give a code such as 23F\.$"
    ):
        group_of("23Z")
