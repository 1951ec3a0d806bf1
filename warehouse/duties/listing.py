"""A month's agencies, one line each: who is in force, who owes it, why, by which channel and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from warehouse.duties.owing import Duties


@dataclass(frozen=True, slots=True)
class ListedAgency:
    """A line of `attendance register list`: an agency in force in the month, and whether it owes it.

    `deadline` is aware, in Taipei; None where it owes nothing.
    """

    agency_code: str
    name: str
    parent_code: str | None
    authority_code: str | None
    level: int | None
    active_from: date | None
    active_to: date | None
    expected_headcount: int | None
    kind: str | None
    postal_code: str | None
    default_work_pattern: str | None
    county: str | None
    town: str | None
    due: bool
    why: str
    channel: str | None
    deadline: datetime | None


def list_agencies(duties: Duties, month: str, authority: str | None = None) -> list[ListedAgency]:
    """List the agencies in force in the month, by code; of an authority, itself and all below it at every depth."""
    said = duties.of_month(month)
    listed = duties.register.of_month(month)
    codes: Iterable[str] = listed if authority is None else duties.register.tree(month).descendants_of(authority)
    lines = []
    for code in sorted(codes):
        due = said.due.get(code)
        why = due.why if due else said.not_due[code].why
        channel, deadline = (due.channel, said.until(code)) if due else (None, None)
        place = listed[code].area
        lines.append(
            ListedAgency(
                *listed[code],
                county=place and place.county,
                town=place and place.town,
                due=due is not None,
                why=why,
                channel=channel,
                deadline=deadline,
            )
        )
    return lines
