"""What moved since (異動): the published figures that differ between two moments, and what lies behind each.

Both sides are the reports as of a moment, from the ledger; what came between is read from the ledger too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties, calendar_of
from warehouse.duties.grants import EXEMPTION, EXTENSION, Standing, all_grants
from warehouse.home import Home
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival, Decision, Review
from warehouse.months import month_range
from warehouse.register.frames import ancestors_frame
from warehouse.reports.query import report_frames_as_of

#: What a cause is: handed in, withdrawn or reverted by decision, looked at again as another month changed, a deadline
#: that passed, since ratios count only months whose deadline has, or an exemption or extension granted or taken back.
ARRIVED, REVIEWED, DEADLINE, UNGRANTED = "arrived", "reviewed", "deadline", "ungranted"


@dataclass(frozen=True, slots=True)
class _Compared:
    """A report: what names a row of it, and its figures with what each is where there is no row.

    Days of the summary are its hours by 8 and would say the same again.
    """

    keys: tuple[str, ...]
    figures: Mapping[str, Any]


_COMPARED = {
    "submission_status": _Compared(
        ("agency_code", "month"),
        {"state": "missing", "on_time": None, "days_late": None, "fatal": 0, "errors": 0, "warnings": 0},
    ),
    "monthly_counts": _Compared(
        ("agency_code", "month", "dataset"),
        {"submitted": 0, "entered": 0, "refused": 0, "warned": 0, "headcount": 0},
    ),
    "summary": _Compared(
        ("scope", "agency_code", "month", "leave_type"),
        {"persons": 0, "records": 0, "hours": 0},
    ),
    "submission_ratios": _Compared(
        ("scope", "agency_code"),
        {
            **dict.fromkeys(("due", "submitted", "on_time", "late", "missing", "errors_found", "errors_mended"), 0),
            **dict.fromkeys(("agency_ratio", "on_time_ratio", "headcount_ratio", "correction_ratio")),
        },
    ),
}


#: What is due follows from register, calendar and grants: no document moves it.
_DUE = "due"
_OF_DUTIES = frozenset({DEADLINE, EXEMPTION, EXTENSION, UNGRANTED})


@dataclass(frozen=True, slots=True)
class Cause:
    """What came between: `kind` as above, or withdrawn, reverted, exemption, extension; `at` is in Asia/Taipei.

    A deadline is of no agency; a withdrawal names what counted before it, a revert what counts since.  With `below` it
    is of all agencies below too.
    """

    kind: str
    agency_code: str | None
    month: str
    submission_id: str | None
    at: datetime
    channel: str | None = None
    below: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A figure that moved; `scope` is agency, authority or country, `item` a dataset or leave type.

    `month` is None for figures of the year; `causes` are places in `Changes.causes`.
    """

    report: str
    scope: str
    agency_code: str | None
    agency_name: str | None
    month: str | None
    item: str | None
    figure: str
    before: Any
    after: Any
    causes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved after `since`, as known at `as_of`."""

    since: datetime
    as_of: datetime
    year: int
    causes: Sequence[Cause]
    moved: Sequence[Moved]


def changes_since(
    home: Home,
    engine: Engine,
    year: int,
    *,
    since: datetime,
    as_of: datetime,
    authority: str | None = None,
    first_month: str | None = None,
) -> Changes:
    """Compare the year's reports as of the two moments (aware); `authority`: only it and all below it.

    ValueError where `since` is not before `as_of`; raises `StoreIncomplete`.
    """
    if since >= as_of:
        raise ValueError("起點須早於 --as-of 的時點 --since must be before --as-of")
    months = month_range(f"{year:04}-01", f"{year:04}-12")
    old, new = (
        report_frames_as_of(home, engine, _COMPARED, year, as_of=moment, authority=authority, first_month=first_month)
        for moment in (since, as_of)
    )
    with reading(engine) as session:
        duties = Duties(session, calendar_of(home), as_of=as_of)
        causes = _causes(session, duties, months, since, as_of)
        behind = _Behind(causes, ancestors_frame(duties.register, months))
    moved = [
        one for name, compared in _COMPARED.items() for one in _moved(name, compared, old[name], new[name], behind)
    ]
    # Only what moved one of the figures shown, in its order.
    used = sorted({number for one in moved for number in one.causes})
    place = {number: position for position, number in enumerate(used)}
    shown = [replace(one, causes=tuple(place[number] for number in one.causes)) for one in moved]
    return Changes(since.astimezone(TAIPEI), as_of.astimezone(TAIPEI), year, [causes[number] for number in used], shown)


def _causes(session: Session, duties: Duties, months: Sequence[str], since: datetime, as_of: datetime) -> list[Cause]:
    """All that came after `since` and by `as_of`, in its order."""
    causes = []
    for arrival in session.scalars(
        select(Arrival).where(Arrival.month.in_(months), Arrival.received_at > since, Arrival.received_at <= as_of)
    ):
        place = (arrival.agency_code, arrival.month, arrival.submission_id)
        causes.append(Cause(ARRIVED, *place, arrival.received_at.astimezone(TAIPEI), arrival.channel))
    for decision in session.scalars(
        select(Decision).where(Decision.month.in_(months), Decision.at > since, Decision.at <= as_of)
    ):
        counted = decision.to_submission or decision.from_submission
        decided = (decision.agency_code, decision.month, counted)
        causes.append(Cause(decision.kind, *decided, decision.at.astimezone(TAIPEI)))
    for review in session.scalars(
        select(Review).where(Review.month.in_(months), Review.at > since, Review.at <= as_of)
    ):
        place = (review.agency_code, review.month, review.submission_id)
        causes.append(Cause(REVIEWED, *place, review.at.astimezone(TAIPEI)))
    causes += [one for grant in all_grants(session) for one in _of_grant(grant, months) if since < one.at <= as_of]
    passed = ((month, at) for month in months for at in duties.deadlines(month))
    causes += [Cause(DEADLINE, None, month, None, at) for month, at in passed if since < at <= as_of]
    return sorted(causes, key=lambda one: (one.at, one.kind, one.agency_code or "", one.month))


def _of_grant(grant: Standing, months: Sequence[str]) -> Iterable[Cause]:
    """The grant, and its withdrawal, in each of the months that it is about."""
    for month in months:
        if grant.touches(month):
            yield Cause(grant.kind, grant.code, month, None, grant.at.astimezone(TAIPEI), below=grant.below)
            if grant.withdrawn_at is not None:
                at = grant.withdrawn_at.astimezone(TAIPEI)
                yield Cause(UNGRANTED, grant.code, month, None, at, below=grant.below)


class _Behind:
    """Which causes lie behind a figure: those of its agencies in its month, or in the year where it has none."""

    def __init__(self, causes: Sequence[Cause], ancestors: pd.DataFrame) -> None:
        """Take the causes and the register's ancestors (month, agency_code, ancestor_code; each its own too)."""
        above: dict[tuple[str, str], list[str]] = defaultdict(list)
        below: dict[tuple[str, str], list[str]] = defaultdict(list)
        named = (ancestors[name] for name in ("agency_code", "month", "ancestor_code"))
        for agency, month, ancestor in zip(*named, strict=True):
            above[agency, month].append(ancestor)
            below[ancestor, month].append(agency)
        self._found: dict[tuple[str, str | None, str | None], list[int]] = defaultdict(list)
        self.deadlines = tuple(number for number, one in enumerate(causes) if one.kind == DEADLINE)
        self._of_duties = {number for number, one in enumerate(causes) if one.kind in _OF_DUTIES}
        for number, one in enumerate(causes):
            if one.agency_code is None:
                continue
            agencies = below[one.agency_code, one.month] if one.below else [one.agency_code]
            authorities = {ancestor for agency in agencies for ancestor in above[agency, one.month]}
            for month in (one.month, None):
                self._found["country", None, month].append(number)
                for agency in agencies:
                    self._found["agency", agency, month].append(number)
                for ancestor in authorities:
                    self._found["authority", ancestor, month].append(number)

    def of(self, scope: str, agency_code: str | None, month: str | None) -> tuple[int, ...]:
        """Places of the causes; deadlines move figures of the year alone."""
        found = self._found.get((scope, agency_code, month), [])
        return tuple(sorted([*found, *self.deadlines]) if month is None else found)

    def of_due(self, scope: str, agency_code: str | None) -> tuple[int, ...]:
        """Places of the causes that move what is due of a year."""
        return tuple(number for number in self.of(scope, agency_code, None) if number in self._of_duties)


def _moved(report: str, compared: _Compared, old: pd.DataFrame, new: pd.DataFrame, behind: _Behind) -> Iterable[Moved]:
    """Each figure of a report that differs."""
    keys, figures = list(compared.keys), list(compared.figures)
    before, after = (_polars(one).select(*keys, "agency_name", *figures) for one in (old, new))
    both = before.join(after, on=keys, how="full", coalesce=True, nulls_equal=True, suffix="_after").sort(keys)
    # No row on one side: the figure is what it is of nothing at all.
    shown = both.with_columns(
        pl.col(name).fill_null(absent)
        for figure, absent in compared.figures.items()
        if absent is not None
        for name in (figure, f"{figure}_after")
    )
    for figure in figures:
        differing = shown.filter(pl.col(figure).ne_missing(pl.col(f"{figure}_after")))
        for row in differing.iter_rows(named=True):
            scope, agency, month = row.get("scope", "agency"), row["agency_code"], row.get("month")
            name = row["agency_name_after"] or row["agency_name"]
            item = row.get("dataset") or row.get("leave_type")
            values = (figure, row[figure], row[f"{figure}_after"])
            causes = behind.of_due(scope, agency) if figure == _DUE else behind.of(scope, agency, month)
            yield Moved(report, scope, agency, name, month, item, *values, causes)


def _polars(frame: pd.DataFrame) -> pl.DataFrame:
    made = pl.from_arrow(pa.Table.from_pandas(frame, preserve_index=False))
    assert isinstance(made, pl.DataFrame)  # noqa: S101 — for the type checker: a table is never a Series
    return made
