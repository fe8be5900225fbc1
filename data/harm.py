"""How much harm an offence does: published tables of one weight for each NIBRS offence.

A table is data with its source. "georgia" reads the weight out of Georgia's code: the shortest term
of prison, in days, that the nearest section states for a first conviction. docs/harm.md explains it
row by row, for those who must answer for it; a test holds that page to this module.

No table can be had from the Cambridge Crime Harm Index yet: its method is published, but its numbers
are in a spreadsheet that could not be checked, and a number nobody checked is not put here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from data.errors import PorchlightError
from data.offences import OFFENCES

if TYPE_CHECKING:
    from collections.abc import Mapping


class HarmTable(NamedTuple):
    """One way to weigh offences."""

    name: str  # what the setting harm_table says
    title: str
    unit: str
    source: str
    weights: Mapping[str, float]  # of every code of data.offences.OFFENCES


class Term(NamedTuple):
    """The weight of one offence in the table "georgia", and where it is from."""

    code: str
    law: str  # a section of the O.C.G.A., unless it names another code
    days: int
    basis: str  # a key of BASES
    note: str


#: How well a row of "georgia" was checked.
BASES: Mapping[str, str] = MappingProxyType(
    {
        "read": "the section itself, with its punishment, was read in a published copy of the code",
        "reported": "an agency, a court or a lawyer who cites the section states the punishment",
        "unchecked": "the punishment was not found; the row has the least that its grade, as we know it, allows",
        "rule": "Georgia's code has no term for it; the number follows from a rule of this table",
    }
)

YEAR = 365
# Life is counted as the years before parole may be considered (O.C.G.A. 17-10-6.1(c), since July 2006).
LIFE = 30 * YEAR
# A misdemeanor has a highest fine but no shortest term. As the Cambridge index does with fines, the fine
# is counted in days of work: eight hours at the minimum wage of $7.25 (29 U.S.C. 206).
DAY_OF_WORK_DOLLARS = 8 * 7.25
MISDEMEANOR = round(1_000 / DAY_OF_WORK_DOLLARS)  # O.C.G.A. 17-10-3
HIGH_MISDEMEANOR = round(5_000 / DAY_OF_WORK_DOLLARS)  # "of a high and aggravated nature", 17-10-4
# A felony is whatever is punishable by more than 12 months (O.C.G.A. 16-1-3(5)).
FELONY = YEAR

_VALUE = "A felony from $1,500.01; the value is not in the records."
_FEDERAL_FELONY = "A federal felony; taken as the least felony."
_FEDERAL_MISDEMEANOR = "Taken as a federal misdemeanor."

GEORGIA = (
    Term(
        "09A",
        "16-5-1(e)(1)",
        LIFE,
        "reported",
        "Life (read), counted as 30 years (reported). The code also holds voluntary manslaughter, 1 year.",
    ),
    Term(
        "09B",
        "16-5-3(a)",
        YEAR,
        "read",
        "By an unlawful act. By a lawful act done unlawfully: a misdemeanor.",
    ),
    Term("09C", "none", 0, "rule", "Not a crime."),
    Term("100", "16-5-41(b)", YEAR, "read", "False imprisonment. Kidnapping itself, 16-5-40: 10 years."),
    Term("101", "16-11-1(b)", 15 * YEAR, "read", ""),
    Term("103", "18 U.S.C. 793", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("11A", "16-6-1(b)", 25 * YEAR, "read", ""),
    Term("11B", "16-6-2(b)(2)", 25 * YEAR, "read", "Aggravated sodomy, which is by force."),
    Term("11C", "16-6-22.2, 17-10-6.1(b)(2)", 25 * YEAR, "read", "Aggravated sexual battery."),
    Term(
        "11D",
        "16-6-22.1",
        HIGH_MISDEMEANOR,
        "reported",
        "Sexual battery. Of a child: a felony, and child molestation 5 years.",
    ),
    Term("120", "16-8-40(b)", YEAR, "read", "Armed robbery, 16-8-41: 10 years; the code is the same."),
    Term("13A", "16-5-21(b)", YEAR, "read", "Upon an officer, or from a vehicle, longer."),
    Term("13B", "16-5-20(b)", MISDEMEANOR, "read", "In the family: of a high and aggravated nature."),
    Term("13C", "16-11-37", MISDEMEANOR, "reported", "A threat of death: 1 year."),
    Term("200", "16-7-62(c)", YEAR, "read", "Third degree; the first and second also have 1 year."),
    Term("210", "16-8-16(d)", YEAR, "read", ""),
    Term("220", "16-7-1", YEAR, "read", "Both degrees: of a dwelling and of any other building."),
    Term("23A", "16-8-2, 16-8-12(a)", MISDEMEANOR, "read", _VALUE),
    Term("23B", "16-8-40(a)(3)", YEAR, "read", "Robbery by sudden snatching."),
    Term(
        "23C", "16-8-14(b)(1)", MISDEMEANOR, "read", "A felony above $500; the value is not in the records."
    ),
    Term("23D", "16-8-2, 16-8-12(a)", MISDEMEANOR, "read", _VALUE),
    Term("23E", "16-8-2, 16-8-12(a)", MISDEMEANOR, "read", _VALUE),
    Term(
        "23F", "16-8-18", YEAR, "reported", "Entering an automobile; a judge may treat it as a misdemeanor."
    ),
    Term(
        "23G",
        "16-8-2, 16-8-12(a)",
        MISDEMEANOR,
        "unchecked",
        "As theft of unknown value; whether parts are graded apart was not found.",
    ),
    Term("23H", "16-8-2, 16-8-12(a)", MISDEMEANOR, "read", _VALUE),
    Term(
        "240",
        "16-8-2, 16-8-12(a)(1)",
        YEAR,
        "read",
        "Taken as worth more than $1,500; below that a misdemeanor.",
    ),
    Term("250", "16-9-2(d)", MISDEMEANOR, "read", "Fourth degree; the first to third have 1 year."),
    Term("26A", "16-8-3, 16-8-12(a)", MISDEMEANOR, "read", _VALUE),
    Term("26B", "16-9-38(a)", YEAR, "read", ""),
    Term("26C", "16-10-23", FELONY, "unchecked", "Impersonating an officer."),
    Term("26D", "49-4-15", MISDEMEANOR, "unchecked", "A felony above a value."),
    Term("26E", "16-8-3, 16-8-12(a)", MISDEMEANOR, "read", "Theft by deception; wire fraud is federal."),
    Term("26F", "16-9-126(a)", YEAR, "read", ""),
    Term("26G", "16-9-93", FELONY, "reported", "Up to 15 years; no shortest term."),
    Term("26H", "7-1-915", FELONY, "unchecked", "Taken as the least felony."),
    Term("270", "16-8-4, 16-8-12(a)", MISDEMEANOR, "read", "Theft by conversion; by a fiduciary, 1 year."),
    Term("280", "16-8-7, 16-8-12(a)", MISDEMEANOR, "read", _VALUE),
    Term("290", "16-7-21(a)", MISDEMEANOR, "reported", "Damage above $500, 16-7-23: 1 year."),
    Term("30A", "8 U.S.C. 1325", MISDEMEANOR, "unchecked", _FEDERAL_MISDEMEANOR),
    Term("30B", "18 U.S.C. 911", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("30C", "8 U.S.C. 1324", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("30D", "8 U.S.C. 1326", FELONY, "unchecked", _FEDERAL_FELONY),
    Term(
        "35A", "16-13-2(b)", MISDEMEANOR, "reported", "An ounce of marijuana or less; most else is a felony."
    ),
    Term("35B", "16-13-32.2", MISDEMEANOR, "reported", ""),
    Term("360", "42-1-12(n)", YEAR, "reported", ""),
    Term("36A", "16-6-22(b)", 10 * YEAR, "read", "With a child under 14: 25 years."),
    Term("36B", "16-6-3(b)", YEAR, "read", "By someone of 21 or more: 10 years."),
    Term(
        "370",
        "16-12-80",
        MISDEMEANOR,
        "unchecked",
        "Taken as a misdemeanor. Exploitation of children, 16-12-100, is a felony.",
    ),
    Term("39A", "16-12-21(b)", MISDEMEANOR, "read", ""),
    Term("39B", "16-12-22(b)", YEAR, "read", ""),
    Term("39C", "16-12-24(a)", HIGH_MISDEMEANOR, "read", ""),
    Term("39D", "16-12-33, 16-12-34", FELONY, "unchecked", "Taken as the least felony."),
    Term("40A", "16-6-13(a)(2)", MISDEMEANOR, "read", ""),
    Term("40B", "16-6-13(a)(3)", HIGH_MISDEMEANOR, "read", "Pimping."),
    Term("40C", "16-6-13(a)(4)", HIGH_MISDEMEANOR, "read", "Pandering."),
    Term("49A", "16-10-50(b)", YEAR, "read", ""),
    Term("49B", "18 U.S.C. 1073", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("49C", "8 U.S.C. 1253", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("510", "16-10-2", FELONY, "unchecked", "The section was read but not its punishment."),
    Term("520", "16-11-126", MISDEMEANOR, "reported", "Carrying without a licence, a first time."),
    Term("521", "16-11-123", 5 * YEAR, "reported", "Machine guns, sawed-off guns and silencers."),
    Term("522", "16-7-88(a)", 10 * YEAR, "read", "With intent to kill, injure, intimidate or destroy."),
    Term("526", "16-7-82", FELONY, "unchecked", "Taken as the least felony."),
    Term("58A", "18 U.S.C. 545", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("58B", "18 U.S.C. 554", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("61A", "26 U.S.C. 5601", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("61B", "26 U.S.C. 5762", FELONY, "unchecked", _FEDERAL_FELONY),
    Term("620", "16 U.S.C. 3373", MISDEMEANOR, "unchecked", _FEDERAL_MISDEMEANOR),
    Term("64A", "16-5-46", 10 * YEAR, "reported", "Of a child, longer. One lawyer says 1 year."),
    Term("64B", "16-5-46", 10 * YEAR, "reported", "Of a child, longer. One lawyer says 1 year."),
    Term("720", "16-12-4(c)", MISDEMEANOR, "read", "Aggravated cruelty: 1 year (reported)."),
    Term("90A", "16-9-20", MISDEMEANOR, "reported", "A larger check is a felony."),
    Term("90B", "16-11-36", MISDEMEANOR, "unchecked", ""),
    Term("90C", "16-11-39(b)", MISDEMEANOR, "read", ""),
    Term(
        "90D",
        "40-6-391(c)(1)",
        MISDEMEANOR,
        "reported",
        "The term itself is 10 days, which may be suspended; the fine counts for more.",
    ),
    Term("90E", "16-11-41(a)", MISDEMEANOR, "read", ""),
    Term("90F", "16-5-70, 19-10-1", MISDEMEANOR, "unchecked", "The lowest grades."),
    Term("90G", "3-3-23.1", MISDEMEANOR, "unchecked", ""),
    Term("90H", "16-11-61, 16-11-69", YEAR, "reported", "One lawyer says felony, another misdemeanor."),
    Term("90I", "none", 0, "rule", "Not a crime."),
    Term("90J", "16-7-21(b)", MISDEMEANOR, "reported", ""),
    Term("90K", "16-10-51(b)", MISDEMEANOR, "read", "Where the charge was a felony: 1 year."),
    Term("90L", "36 C.F.R. 1.3", MISDEMEANOR, "unchecked", _FEDERAL_MISDEMEANOR),
    Term("90M", "16-10-70(b)", YEAR, "read", ""),
    Term("90Z", "none", MISDEMEANOR, "rule", "Whatever has no code of its own: taken as a misdemeanor."),
)


def _table(name: str, title: str, unit: str, source: str, weights: Mapping[str, float]) -> HarmTable:
    return HarmTable(
        name, title, unit, source, MappingProxyType({code: float(weights[code]) for code in OFFENCES})
    )


#: Name -> table, in the order that a choice of them shows.
TABLES: Mapping[str, HarmTable] = MappingProxyType(
    {
        table.name: table
        for table in (
            _table(
                "georgia",
                "Days of prison in Georgia's code",
                "days",
                "Official Code of Georgia Annotated, the shortest term on a first conviction; docs/harm.md",
                {term.code: term.days for term in GEORGIA},
            ),
            _table(
                "count",
                "Plain counts",
                "offences",
                "Every offence weighs 1.",
                dict.fromkeys(OFFENCES, 1),
            ),
        )
    }
)


def weights_of(table_name: str) -> Mapping[str, float]:
    """The weight of every NIBRS offence in the table of that name, in the table's unit.

    >>> weights = weights_of("georgia")
    >>> weights["120"], weights["23C"]
    (365.0, 17.0)

    Raises:
        PorchlightError: there is no such table.
    """
    if table_name not in TABLES:
        names = " or ".join(TABLES)
        raise PorchlightError(
            f"There is no harm table {table_name!r}: set the policy setting harm_table to {names}."
        )
    return TABLES[table_name].weights
