"""Kinds of agency, by the last character of the official code, and the work pattern that their staff has by default.

Source: people.md, "Kind of agency" and "Work pattern of a person": measured on the register, each of 2,582 primary
schools ends in Y, each prison in F, each police bureau in C.  Names of agencies are never used for this.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Pattern(StrEnum):
    """When a person works: a value of `employees[].work_pattern`, or that it is not known."""

    OFFICE = "office"
    FLEXIBLE = "flexible"
    SHIFT = "shift"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of agency: its name in the tables, for readers, and whether its staff keeps office hours unless stated."""

    name: str
    zh: str
    office: bool
    is_school: bool = False

    @property
    def pattern(self) -> Pattern:
        """The work pattern of staff of whom nothing else is known."""
        return Pattern.OFFICE if self.office else Pattern.UNKNOWN


class Staffing(NamedTuple):
    """What an agency's row in the register states of its staff; None: nothing, so that its code says it.

    `kind` is a name of `KINDS`, `work_pattern` one that a document can state.
    """

    kind: str | None = None
    work_pattern: str | None = None

    def kind_of(self, agency_code: str) -> "Kind":
        """The kind that is stated, else that of the agency's code."""
        return KINDS[self.kind] if self.kind else kind_of_code(agency_code)


OTHER = Kind("other", "其他", office=False)
_BY_LAST_CHARACTER = {
    "A": Kind("administration", "一般行政", office=True),
    "B": Kind("foreign_affairs", "外交", office=True),
    "C": Kind("police_fire", "警察、消防、海巡", office=False),
    "D": Kind("finance", "財稅、關務", office=True),
    "E": Kind("culture", "教育、文化", office=True),
    "F": Kind("justice", "司法、矯正", office=False),
    "G": Kind("economy", "經濟、農業、工程", office=True),
    "H": Kind("transport", "交通、氣象、航空", office=False),
    "I": Kind("health", "衛生、環保", office=False),
    "J": Kind("social", "社會、勞工、榮民", office=False),
    "K": (_enterprise := Kind("enterprise", "生產事業", office=False)),
    "L": _enterprise,
    "M": Kind("transport_enterprise", "交通事業", office=False),
    "N": Kind("bank", "金融事業", office=True),
    "O": Kind("training", "訓練", office=True),
    "P": Kind("hospital", "醫院", office=False),
    "Q": Kind("university", "大學", office=True, is_school=True),
    "R": Kind("college", "專科學校", office=True, is_school=True),
    "S": Kind("military_school", "軍事學校", office=True, is_school=True),
    "T": Kind("police_school", "警察學校", office=True, is_school=True),
    "U": (_senior_high := Kind("senior_high", "高中、高職", office=True, is_school=True)),
    "V": _senior_high,
    "W": Kind("special_school", "特殊學校", office=True, is_school=True),
    "X": Kind("junior_high", "國中", office=True, is_school=True),
    "Y": Kind("primary_school", "國小", office=True, is_school=True),
    "Z": (_kindergarten := Kind("kindergarten", "幼兒園", office=True, is_school=True)),
    "6": _kindergarten,
    "5": (_fund := Kind("fund", "基金", office=True)),
    "9": _fund,
}
#: Name → kind.
KINDS = {kind.name: kind for kind in (*_BY_LAST_CHARACTER.values(), OTHER)}


def last_characters() -> dict[Kind, list[str]]:
    """Kind → the last characters of codes that say it; of any other character it is `other`."""
    found: dict[Kind, list[str]] = {}
    for character, kind in _BY_LAST_CHARACTER.items():
        found.setdefault(kind, []).append(character)
    return {**found, OTHER: []}


def kind_of_code(agency_code: str) -> Kind:
    """The kind that an agency's code says; `other` for any other last character."""
    return _BY_LAST_CHARACTER.get(agency_code[-1:], OTHER)
