"""What an installation may say of its tables beyond what every one has: columns and tables, and what their codes mean.

Each is asked for only where it is configured.  What a code that is not in its map means nobody guesses: see
docs/channels.md for what becomes of the person.
"""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from assets.channels.config import ChannelSettings
from assets.channels.p2k.values import normal_code
from checks.model.submitted import EMPLOYMENT_TYPES

#: What a status of service may mean.  Of those who left, PELEVDATE says when.
Service = Literal["active", "unpaid_leave", "left"]
#: The kinds of record of which a month may hold none.
RecordKind = Literal["leaves", "overtime", "clockings"]
RECORD_KINDS: frozenset[str] = frozenset({"leaves", "overtime", "clockings"})

Meaning = TypeVar("Meaning")
Name = Annotated[str, Field(min_length=1, max_length=128)]


def normalised(codes: dict[str, Meaning]) -> dict[str, Meaning]:
    """Give the map with leading zeros on its codes; ValueError for one that says two things of the same code."""
    normal: dict[str, Meaning] = {}
    for code, meaning in codes.items():
        if normal.setdefault(normal_code(code), meaning) != meaning:
            raise ValueError(f"code {normal_code(code)} is mapped twice 代碼重複對照")
    return normal


def known_employment(codes: dict[str, str]) -> dict[str, str]:
    """Give the map; ValueError where it leads to an employment type that the format does not have."""
    if not set(codes.values()) <= set(EMPLOYMENT_TYPES):
        raise ValueError(f"employment types are {', '.join(EMPLOYMENT_TYPES)} 人員類別不存在")
    return codes


EmploymentTypes = Annotated[dict[str, str], AfterValidator(known_employment), AfterValidator(normalised)]


class PersonKinds(ChannelSettings):
    """`person_kinds`: the column of CPAPE05M with the kind of person, which then alone says the employment type."""

    column: Name = "PEKIND"
    codes: EmploymentTypes = Field(min_length=1)


class ServiceStatus(ChannelSettings):
    """`service`: the column of CPAPE05M with the status of service; where there are any, those of unpaid leave's days.

    Without these the status is as the table says today, for the whole month.
    """

    column: Name
    codes: Annotated[dict[str, Service], AfterValidator(normalised)] = Field(
        default={"現職": "active", "離職": "left", "留職停薪": "unpaid_leave"}, min_length=1
    )
    unpaid_from: Name | None = None
    unpaid_to: Name | None = None

    @model_validator(mode="after")
    def _both_days(self) -> "ServiceStatus":
        if (self.unpaid_from is None) != (self.unpaid_to is None):
            raise ValueError("give both unpaid_from and unpaid_to, or neither 起迄欄位須同時設定")
        return self


class WhoClocks(ChannelSettings):
    """`clocks`: the column of CPAPE05M that says whether a person has to clock in and out."""

    column: Name
    codes: Annotated[dict[str, bool], AfterValidator(normalised)] = Field(min_length=1)


class Entitlements(ChannelSettings):
    """`entitlements`: the columns of CPAPE05M with the annual leave of a year and what was saved before, each D.H.

    `year` is the column with the (ROC) year that they are of; without it they are of the year in which they are read.
    """

    days: Name = "PEHDAY"
    saved: tuple[Name, ...] = ("PERDAY1", "PERDAY2")
    year: Name | None = None


class Rosters(ChannelSettings):
    """`rosters`: a table with a row a duty, by national ID (`person`) or employee number (`card`).

    `hours` are decimal hours of duty; without `end_day` a duty that ends at or before its start ends the next day.
    """

    table: Name
    person: Name | None = None
    card: Name | None = None
    day: Name
    start: Name
    end: Name
    end_day: Name | None = None
    hours: Name

    @model_validator(mode="after")
    def _one_key(self) -> "Rosters":
        if (self.person is None) == (self.card is None):
            raise ValueError("give exactly one of person and card 二者須擇一設定")
        return self


class ClosedMonths(ChannelSettings):
    """`closed_months`: a table that says which months are closed: ROC `YYYMM`, of an agency or of all.

    With `flag` only rows of which it is one of `values`; without it a row alone says so.
    """

    table: Name
    month: Name
    agency: Name | None = None
    flag: Name | None = None
    values: frozenset[str] = frozenset({"Y"})


class Installation(ChannelSettings):
    """What a subsystem's settings say of all these; None: it has no such thing, or nobody said so."""

    person_kinds: PersonKinds | None = None
    service: ServiceStatus | None = None
    clocks: WhoClocks | None = None
    entitlements: Entitlements | None = None
    rosters: Rosters | None = None
    closed_months: ClosedMonths | None = None
    #: Whether PELEVDATE is the last day at work or the first day away.
    left_on: Literal["last_day", "first_day_away"] = "last_day"
    #: Agency → the kinds of record of which it is known to report none.
    reports_nothing_of: dict[str, frozenset[RecordKind]] = Field(default_factory=dict)

    def personnel_columns(self) -> tuple[str, ...]:
        """The columns of CPAPE05M that it names, each once."""
        named: list[str | None] = []
        if self.person_kinds:
            named.append(self.person_kinds.column)
        if self.service:
            named += [self.service.column, self.service.unpaid_from, self.service.unpaid_to]
        if self.clocks:
            named.append(self.clocks.column)
        if self.entitlements:
            named += [self.entitlements.days, *self.entitlements.saved, self.entitlements.year]
        return tuple(dict.fromkeys(name.upper() for name in named if name))

    def reports_nothing(self, agency: str) -> bool:
        """Whether a month without a single record says of this agency that there was nothing."""
        return self.reports_nothing_of.get(agency, frozenset()) >= RECORD_KINDS
