"""What a correction of the office calendar touches: submissions that count, judged knowing otherwise of a day.

An agency-month rests on the days of its month, and on those that a leave or overtime of its reaches, let in or refused.
All of it is asked of the ledger, so what a crash left undone the next asking finds, and what is done is found no more.
"""

import json
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.judged import Judged, judged_submissions, key_of
from assets.platform import Platform
from checks.model.office_days import OfficeDays
from warehouse.ledger.base import same_submission
from warehouse.ledger.engine import reading
from warehouse.ledger.models import AgencyMonth, DatasetCount
from warehouse.ledger.retirements import first_open_month
from warehouse.months import shifted
from warehouse.office_calendar.editions import import_moments, load_office_days
from warehouse.publish.lock import publishing_alone
from warehouse.reviews.reading import Place, counted_submissions, open_records

#: Datasets whose records reach over days, and so over the end of a month.
_REACHING = ("leaves", "overtime")
#: Months beside a changed day in which refused records are looked for that reach it; those let in, in all months.
_REFUSED_WITHIN = 12
#: Seconds to wait for a publisher or a review.
_PATIENCE = 300.0


@dataclass(frozen=True)
class _Knowledge:
    """`changed[n]`: the days of which something else is known now than after `n` of the `moments` of imports."""

    moments: Sequence[datetime]
    changed: Sequence[frozenset[date]]

    @classmethod
    def of(cls, session: Session) -> "_Knowledge":
        moments = import_moments(session)
        known = [OfficeDays(), *(load_office_days(session, at) for at in moments)]
        now = known[-1]
        changed = ((day for day in now.imported if then.is_worked(day) != now.is_worked(day)) for then in known)
        return cls(moments, [frozenset(days) for days in changed])

    def changed_since(self, judged_at: datetime) -> frozenset[date]:
        """The days of which something else is known now than at that moment."""
        return self.changed[bisect_right(self.moments, judged_at)]

    @property
    def days(self) -> frozenset[date]:
        """The days of which something else was known at any moment."""
        return frozenset().union(*self.changed)


def affected_submissions(platform: Platform) -> Judged:
    """The submissions that count and were judged while something else was known of a day that they rest on."""
    with reading(platform.engine) as session:
        knowledge = _Knowledge.of(session)
        opened = first_open_month(session)
        counted = {place: id_ for place, id_ in counted_submissions(session).items() if place[1] >= opened}
    rests_on = _days_by_place(platform, counted, knowledge.days) if knowledge.days else {}
    if not rests_on:
        return judged_submissions(platform, only=())
    months = [month for _, month in rests_on]
    judged = judged_submissions(platform, min(months), max(months))
    found = []
    for submission in judged.submissions:
        place = submission.agency_code, submission.month
        changed = knowledge.changed_since(judged.judged_at[key_of(submission)])
        if counted.get(place) == submission.id and not changed.isdisjoint(rests_on.get(place, ())):
            found.append(submission)
    return replace(judged, submissions=found)


def _days_by_place(platform: Platform, counted: Mapping[Place, str], days: frozenset[date]) -> dict[Place, set[date]]:
    """Agency-month → the days among `days` on which it rests; those that rest on none are left out."""
    rests_on: dict[Place, set[date]] = {}
    for place in counted:
        if of_month := {day for day in days if f"{day:%Y-%m}" == place[1]}:
            rests_on[place] = of_month
    for place, day in _reached(platform, counted, days):
        rests_on.setdefault(place, set()).add(day)
    # Reading documents takes longest: those that rest on all of the days anyway are left out.
    open_to_more = {place: id_ for place, id_ in counted.items() if days.difference(rests_on.get(place, ()))}
    for place, day in _reached_by_refused(platform, open_to_more, days):
        rests_on.setdefault(place, set()).add(day)
    return rests_on


def _reached(platform: Platform, counted: Mapping[Place, str], days: Collection[date]) -> Iterator[tuple[Place, date]]:
    """The days that records reach which were let in."""
    with (
        publishing_alone(platform.home, platform.engine, _PATIENCE),
        open_records(platform.home, platform.engine, counted, platform.clock()) as records,
    ):
        for month in sorted({month for _, month in counted}):
            for dataset in _REACHING:
                for agency, day in records.days_reached(dataset, month, days):
                    yield (agency, month), day


def _reached_by_refused(
    platform: Platform, counted: Mapping[Place, str], days: Collection[date]
) -> Iterator[tuple[Place, date]]:
    """The days that records reach of submissions of which some were kept out: these are in the documents alone."""
    months = {shifted(f"{day:%Y-%m}", by) for day in days for by in range(-_REFUSED_WITHIN, _REFUSED_WITHIN + 1)}
    query = (
        select(DatasetCount.submission_id, DatasetCount.agency_code, DatasetCount.month)
        .join(AgencyMonth, same_submission(AgencyMonth, DatasetCount))
        .where(DatasetCount.dataset.in_(_REACHING), DatasetCount.refused > 0, DatasetCount.month.in_(months))
        .distinct()
    )
    with reading(platform.engine) as session:
        found = [(id_, (agency, month)) for id_, agency, month in session.execute(query)]
    for id_, place in found:
        if counted.get(place) == id_:
            spans = list(_spans(platform.landing.read(id_)))
            yield from ((place, day) for day in days if any(first <= day <= last for first, last in spans))


def _spans(data: bytes) -> Iterator[tuple[date, date]]:
    """First and last day of every leave and overtime of a document that was let in, so that it is sound.

    A record that ends at midnight does not touch the day that begins there.
    """
    document = json.loads(data)
    for dataset in _REACHING:
        for record in document[dataset]:
            start, end = (datetime.fromisoformat(record[edge]) for edge in ("start", "end"))
            yield start.date(), (end - timedelta(microseconds=1)).date()
