"""For which agency-months a review is due: those that changed, and exactly those that the change can affect."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.ledger.models import Reviewed
from warehouse.months import month_range, shifted
from warehouse.reviews.reading import CountedRecords, Place


class Reach(NamedTuple):
    """Whoever has records of `changed` in a month that changed matters where he has some of `there` up to `months` on.

    `leave_type`: only leaves of it.
    """

    changed: str
    there: str
    months: int
    leave_type: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An agency-month that counts another submission than when it was last reviewed; None: counts nothing."""

    agency_code: str
    month: str
    before: str | None
    after: str | None


def changes(session: Session, counted: Mapping[Place, str]) -> list[Change]:
    """What has changed since the reviews, by month and agency."""
    rows = session.execute(select(Reviewed.agency_code, Reviewed.month, Reviewed.submission_id))
    reviewed = {(agency, month): submission for agency, month, submission in rows}
    places = sorted(set(counted) | set(reviewed), key=lambda place: place[::-1])
    found = [Change(*place, reviewed.get(place), counted.get(place)) for place in places]
    return [one for one in found if one.before != one.after]


def affected(
    changed: Collection[Change],
    counted: Mapping[Place, str],
    records: CountedRecords,
    history: int,
    reaches: Sequence[Reach],
) -> dict[str, set[str]]:
    """Month → agencies to review: what a change of employees, leaves, overtime or counts can make another finding of.

    The agency itself in the month and in those after it of which the month is `history` (so many months back), and
    whoever shares a person with it as `reaches` says.
    """
    agencies_of: dict[str, set[str]] = defaultdict(set)
    for agency, month in counted:
        agencies_of[month].add(agency)
    due: dict[str, set[str]] = defaultdict(set)
    for one in changed:
        for month in month_range(one.month, shifted(one.month, history)):
            if one.agency_code in agencies_of.get(month, ()):
                due[month].add(one.agency_code)
    changed_months = sorted({one.month for one in changed})
    remembered = set[str]()
    for reach in reaches:
        for month, agencies in sorted(agencies_of.items()):
            since = shifted(month, -reach.months)
            # Where every agency is looked at anyway nobody needs to be looked for.
            if due[month] >= agencies or not any(since <= one <= month for one in changed_months):
                continue
            persons = f"changed_{reach.changed}"
            if persons not in remembered:
                records.remember_persons(persons, reach.changed, _submissions(changed))
                remembered.add(persons)
            due[month] |= records.agencies_with(persons, reach.there, month, since, reach.leave_type)
    return {month: agencies for month, agencies in sorted(due.items()) if agencies}


def _submissions(changed: Collection[Change]) -> list[tuple[str, str, str]]:
    """Agency, month and id of all that counted before or counts now."""
    return [(one.agency_code, one.month, id_) for one in changed for id_ in (one.before, one.after) if id_ is not None]
