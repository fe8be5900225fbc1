"""The offences of NIBRS, the FBI's National Incident-Based Reporting System.

Every incident carries one of these codes, whatever words its publisher uses, so that one rule about
"theft from motor vehicle" holds in every city. Filters offer the groups, not the codes: the kinds of
crime that a captain thinks in.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from data.errors import PorchlightError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Offence(NamedTuple):
    """One offence of NIBRS."""

    code: str  # such as 23F
    description: str
    category: str
    group: str  # A: reported as an incident; B: reported as an arrest only
    crime_against: str  # Person, Property, Society, Not a Crime


class Group(NamedTuple):
    """Offences that a filter offers as one choice."""

    label: str
    codes: tuple[str, ...]


_TABLE = (
    ("09A", "Murder and Nonnegligent Manslaughter", "Homicide Offenses", "A", "Person"),
    ("09B", "Negligent Manslaughter", "Homicide Offenses", "A", "Person"),
    ("09C", "Justifiable Homicide", "Homicide Offenses", "A", "Person"),
    ("100", "Kidnapping/Abduction", "Kidnapping/Abduction", "A", "Person"),
    ("101", "Treason", "Other Offenses", "A", "Society"),
    ("103", "Espionage", "Other Offenses", "A", "Society"),
    ("11A", "Rape", "Sex Offenses", "A", "Person"),
    ("11B", "Sodomy", "Sex Offenses", "A", "Person"),
    ("11C", "Sexual Assault With An Object", "Sex Offenses", "A", "Person"),
    ("11D", "Criminal Sexual Contact", "Sex Offenses", "A", "Person"),
    ("120", "Robbery", "Robbery", "A", "Property"),
    ("13A", "Aggravated Assault", "Assault Offenses", "A", "Person"),
    ("13B", "Simple Assault", "Assault Offenses", "A", "Person"),
    ("13C", "Intimidation", "Assault Offenses", "A", "Person"),
    ("200", "Arson", "Arson", "A", "Property"),
    ("210", "Extortion/Blackmail", "Extortion/Blackmail", "A", "Property"),
    ("220", "Burglary/Breaking & Entering", "Burglary/Breaking & Entering", "A", "Property"),
    ("23A", "Pocket-picking", "Larceny/Theft Offenses", "A", "Property"),
    ("23B", "Purse-snatching", "Larceny/Theft Offenses", "A", "Property"),
    ("23C", "Shoplifting", "Larceny/Theft Offenses", "A", "Property"),
    ("23D", "Theft From Building", "Larceny/Theft Offenses", "A", "Property"),
    ("23E", "Theft From Coin-Operated Machine or Device", "Larceny/Theft Offenses", "A", "Property"),
    ("23F", "Theft From Motor Vehicle", "Larceny/Theft Offenses", "A", "Property"),
    ("23G", "Theft of Motor Vehicle Parts or Accessories", "Larceny/Theft Offenses", "A", "Property"),
    ("23H", "All Other Larceny", "Larceny/Theft Offenses", "A", "Property"),
    ("240", "Motor Vehicle Theft", "Motor Vehicle Theft", "A", "Property"),
    ("250", "Counterfeiting/Forgery", "Counterfeiting/Forgery", "A", "Property"),
    ("26A", "False Pretenses/Swindle/Confidence Game", "Fraud Offenses", "A", "Property"),
    ("26B", "Credit Card/Automated Teller Machine Fraud", "Fraud Offenses", "A", "Property"),
    ("26C", "Impersonation", "Fraud Offenses", "A", "Property"),
    ("26D", "Welfare Fraud", "Fraud Offenses", "A", "Property"),
    ("26E", "Wire Fraud", "Fraud Offenses", "A", "Property"),
    ("26F", "Identity Theft", "Fraud Offenses", "A", "Property"),
    ("26G", "Hacking/Computer Invasion", "Fraud Offenses", "A", "Property"),
    ("26H", "Money Laundering", "Other Offenses", "A", "Society"),
    ("270", "Embezzlement", "Embezzlement", "A", "Property"),
    ("280", "Stolen Property Offenses", "Stolen Property Offenses", "A", "Property"),
    (
        "290",
        "Destruction/Damage/Vandalism of Property",
        "Destruction/Damage/Vandalism of Property",
        "A",
        "Property",
    ),
    ("30A", "Illegal Entry into the United States", "Other Offenses", "A", "Society"),
    ("30B", "False Citizenship", "Other Offenses", "A", "Society"),
    ("30C", "Smuggling Aliens", "Other Offenses", "A", "Society"),
    ("30D", "Re-entry after Deportation", "Other Offenses", "A", "Society"),
    ("35A", "Drug/Narcotic Violations", "Drug/Narcotic Offenses", "A", "Society"),
    ("35B", "Drug Equipment Violations", "Drug/Narcotic Offenses", "A", "Society"),
    ("360", "Failure to Register as a Sex Offender", "Other Offenses", "A", "Society"),
    ("36A", "Incest", "Sex Offenses, Non-forcible", "A", "Person"),
    ("36B", "Statutory Rape", "Sex Offenses, Non-forcible", "A", "Person"),
    ("370", "Pornography/Obscene Material", "Pornography/Obscene Material", "A", "Society"),
    ("39A", "Betting/Wagering", "Gambling Offenses", "A", "Society"),
    ("39B", "Operating/Promoting/Assisting Gambling", "Gambling Offenses", "A", "Society"),
    ("39C", "Gambling Equipment Violation", "Gambling Offenses", "A", "Society"),
    ("39D", "Sports Tampering", "Gambling Offenses", "A", "Society"),
    ("40A", "Prostitution", "Prostitution Offenses", "A", "Society"),
    ("40B", "Assisting or Promoting Prostitution", "Prostitution Offenses", "A", "Society"),
    ("40C", "Purchasing Prostitution", "Prostitution Offenses", "A", "Society"),
    ("49A", "Harboring Escapee/Concealing from Arrest", "Other Offenses", "A", "Society"),
    ("49B", "Flight to Avoid Prosecution", "Other Offenses", "A", "Society"),
    ("49C", "Flight to Avoid Deportation", "Other Offenses", "A", "Society"),
    ("510", "Bribery", "Bribery", "A", "Property"),
    ("520", "Weapon Law Violations", "Weapon Law Violations", "A", "Society"),
    ("521", "Violation of National Firearm Act of 1934", "Other Offenses", "A", "Society"),
    ("522", "Weapons of Mass Destruction", "Other Offenses", "A", "Society"),
    ("526", "Explosives Violation", "Other Offenses", "A", "Society"),
    ("58A", "Import Violations", "Other Offenses", "A", "Society"),
    ("58B", "Export Violations", "Other Offenses", "A", "Society"),
    ("61A", "Federal Liquor Offenses", "Other Offenses", "A", "Society"),
    ("61B", "Federal Tobacco Offenses", "Other Offenses", "A", "Society"),
    ("620", "Wildlife Trafficking", "Other Offenses", "A", "Society"),
    ("64A", "Human Trafficking, Commercial Sex Acts", "Human Trafficking", "A", "Person"),
    ("64B", "Human Trafficking, Involuntary Servitude", "Human Trafficking", "A", "Person"),
    ("720", "Animal Cruelty", "Animal Cruelty", "A", "Society"),
    ("90A", "Bad Checks", "Bad Checks", "B", "Property"),
    ("90B", "Curfew/Loitering/Vagrancy Violations", "Curfew/Loitering/Vagrancy Violations", "B", "Society"),
    ("90C", "Disorderly Conduct", "Disorderly Conduct", "B", "Society"),
    ("90D", "Driving Under the Influence", "Driving Under the Influence", "B", "Society"),
    ("90E", "Drunkenness", "Drunkenness", "B", "Society"),
    ("90F", "Family Offenses, Nonviolent", "Family Offenses, Nonviolent", "B", "Person"),
    ("90G", "Liquor Law Violations", "Liquor Law Violations", "B", "Society"),
    ("90H", "Peeping Tom", "Peeping Tom", "B", "Person"),
    ("90I", "Runaway", "Other Offenses", "B", "Not a Crime"),
    ("90J", "Trespass of Real Property", "Trespass of Real Property", "B", "Society"),
    ("90K", "Failure to Appear", "Other Offenses", "B", "Society"),
    ("90L", "Federal Resource Violations", "Other Offenses", "B", "Society"),
    ("90M", "Perjury", "Other Offenses", "B", "Society"),
    ("90Z", "All Other Offenses", "All Other Offenses", "B", "Society"),
)

#: Code -> offence, in the order of the codes.
OFFENCES: Mapping[str, Offence] = MappingProxyType({row[0]: Offence(*row) for row in _TABLE})

#: Key -> group, in the order that filters show. Every code is in exactly one.
GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "violence": Group("Violence", ("09A", "09B", "100", "13A", "13B", "13C", "64B")),
        "robbery": Group("Robbery", ("120",)),
        "sexual": Group("Sexual offences", ("11A", "11B", "11C", "11D", "36A", "36B", "64A", "90H")),
        "burglary": Group("Burglary", ("220",)),
        "vehicle_theft": Group("Vehicle theft", ("240",)),
        "theft_from_vehicle": Group("Theft from vehicles", ("23F", "23G")),
        "other_theft": Group("Other theft", ("23A", "23B", "23C", "23D", "23E", "23H", "280")),
        "damage": Group("Damage and arson", ("200", "290")),
        "fraud": Group(
            "Fraud, forgery and extortion",
            ("210", "250", "26A", "26B", "26C", "26D", "26E", "26F", "26G", "26H", "270", "510", "90A"),
        ),
        "drugs_and_weapons": Group("Drugs and weapons", ("35A", "35B", "520", "521", "522", "526")),
        "other": Group(
            "Other",
            (
                *("09C", "101", "103", "30A", "30B", "30C", "30D", "360", "370", "39A", "39B", "39C", "39D"),
                *("40A", "40B", "40C", "49A", "49B", "49C", "58A", "58B", "61A", "61B", "620", "720"),
                *("90B", "90C", "90D", "90E", "90F", "90G", "90I", "90J", "90K", "90L", "90M", "90Z"),
            ),
        ),
    }
)

_GROUP_OF = {code: key for key, group in GROUPS.items() for code in group.codes}


def group_of(code: str) -> str:
    """The key in `GROUPS` of the group that an offence is in.

    >>> group_of("23F"), GROUPS[group_of("23F")].label
    ('theft_from_vehicle', 'Theft from vehicles')

    Raises:
        PorchlightError: NIBRS has no such code.
    """
    if code not in _GROUP_OF:
        raise PorchlightError(f"There is no NIBRS offence {code!r}: give a code such as 23F.")
    return _GROUP_OF[code]
