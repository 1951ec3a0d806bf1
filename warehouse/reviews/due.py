"""For which agency-months a review is due: those that changed, and exactly those that the change can affect."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.ledger.models import Reviewed
from warehouse.months import month_range, shifted
from warehouse.reviews.reading import CountedRecords, Place

#: Months that a leave can count against a quota, and a month in an agency's history, after its own.
MONTHS_AFTER = 12


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


def affected(changed: Collection[Change], counted: Mapping[Place, str], records: CountedRecords) -> dict[str, set[str]]:
    """Month → agencies to review: what a change of employees, leaves or counts can make another finding of.

    The agency itself in the month and the 12 after it (W206, W207); who shares an employee with it in the month
    (W209); who, to the end of those 12 months, has leaves of somebody who had leaves in it (W202).
    """
    agencies_of: dict[str, set[str]] = defaultdict(set)
    for agency, month in counted:
        agencies_of[month].add(agency)
    due: dict[str, set[str]] = defaultdict(set)
    for one in changed:
        for month in month_range(one.month, shifted(one.month, MONTHS_AFTER)):
            if one.agency_code in agencies_of.get(month, ()):
                due[month].add(one.agency_code)
    submissions = [
        (one.agency_code, one.month, submission)
        for one in changed
        for submission in (one.before, one.after)
        if submission is not None
    ]
    months = sorted({one.month for one in changed})
    # Where every agency is looked at anyway nobody needs to be looked for.
    open_months = [month for month in agencies_of if due[month] < agencies_of[month]]
    if any(months[0] <= month <= shifted(months[-1], MONTHS_AFTER) for month in open_months):
        records.remember_persons("changed_employees", "employees", submissions)
        records.remember_persons("changed_leaves", "leaves", submissions)
        for month in sorted(open_months):
            if month in months:
                due[month] |= records.agencies_with("changed_employees", "employees", month, since=month)
            since = shifted(month, -MONTHS_AFTER)
            if any(since <= one <= month for one in months):
                due[month] |= records.agencies_with("changed_leaves", "leaves", month, since=since)
    return {month: agencies for month, agencies in sorted(due.items()) if agencies}
