"""Late and missing in one look: who owes which month since when, by month and by authority, from the reports' rows.

Pure: rows of `reports.due_months` with their status go in, small tables come out; screen, page and charts show them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from warehouse.deadlines import TAIPEI
from warehouse.reminders import Reminded

#: What became of an agency-month that is owed, in the order in which charts stack it.
ON_TIME, LATE, MISSING, OPEN = "on_time", "late", "missing", "open"


@dataclass(frozen=True, slots=True)
class OwedMonth:
    """An agency-month; `deadline` and the other moments are in Taipei, without a zone, as in the warehouse.

    `outcome` is one of the four above; `refused`: something came and was refused; `pending`: something waits.
    """

    agency_code: str
    agency_name: str | None
    authority_code: str | None
    month: str
    deadline: datetime
    outcome: str
    refused: bool
    pending: bool
    first_entered_at: datetime | None


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month: how many agencies owe it, and what became of it; `deadline` is most agencies'."""

    month: str
    deadline: datetime
    due: int
    on_time: int
    late: int
    missing: int
    open: int
    refused: int
    exempt: int


@dataclass(frozen=True, slots=True)
class Debtor:
    """An agency with months overdue: `since` its oldest deadline, `days` after it; how often it was reminded."""

    agency_code: str
    agency_name: str | None
    authority_code: str | None
    months: tuple[str, ...]
    since: datetime
    days: int
    refused: bool
    pending: bool
    reminded: int
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """An authority: agencies that owe it overdue months, these months, what was due of all, and the oldest."""

    authority_code: str | None
    authority_name: str | None
    agencies: int
    overdue: int
    due: int
    days: int

    @property
    def share(self) -> float:
        """Overdue of what was due, 0–1."""
        return self.overdue / self.due if self.due else 0.0


@dataclass(frozen=True, slots=True)
class Lateness:
    """The look at a moment `at` (Taipei): months in order, debtors by days, authorities with the worst first."""

    at: datetime
    months: Sequence[MonthLine]
    debtors: Sequence[Debtor]
    authorities: Sequence[AuthorityLine]
    owed: Sequence[OwedMonth]


def owed_months(rows: Iterable[Mapping[str, Any]], at: datetime) -> tuple[list[OwedMonth], dict[str, int]]:
    """Read the rows; agency-months owed, and how many of each month are exempt.  `at` (aware) tells what is overdue."""
    now = at.astimezone(TAIPEI).replace(tzinfo=None)
    owed, exempt = [], defaultdict[str, int](int)
    for row in rows:
        if not row["due"]:
            exempt[row["month"]] += 1
            continue
        entered = row["first_entered_at"]
        if entered is not None:
            outcome = ON_TIME if entered <= row["deadline"] else LATE
        else:
            outcome = MISSING if row["deadline"] <= now else OPEN
        owed.append(
            OwedMonth(
                agency_code=row["agency_code"],
                agency_name=row["agency_name"],
                authority_code=row["authority_code"],
                month=row["month"],
                deadline=row["deadline"],
                outcome=outcome,
                refused=entered is None and row["state"] == "refused",
                pending=bool(row["pending"]),
                first_entered_at=entered,
            )
        )
    return owed, dict(exempt)


def lateness(
    rows: Iterable[Mapping[str, Any]],
    at: datetime,
    reminders: Mapping[tuple[str, str], Reminded],
    names: Mapping[str, str],
) -> Lateness:
    """Make the look: `reminders` by agency and month, `names` of authorities by code."""
    owed, exempt = owed_months(rows, at)
    now = at.astimezone(TAIPEI).replace(tzinfo=None)
    by_month, by_agency = defaultdict[str, list[OwedMonth]](list), defaultdict[str, list[OwedMonth]](list)
    by_authority = defaultdict[str | None, list[OwedMonth]](list)
    for one in owed:
        by_month[one.month].append(one)
        by_authority[one.authority_code].append(one)
        if one.outcome == MISSING:
            by_agency[one.agency_code].append(one)
    months = [_month(month, of_it, exempt.get(month, 0)) for month, of_it in sorted(by_month.items())]
    debtors = [_debtor(missing, reminders, now) for missing in by_agency.values()]
    authorities = [_authority(code, names.get(code or ""), of_it, now) for code, of_it in by_authority.items()]
    return Lateness(
        at.astimezone(TAIPEI),
        months,
        sorted(debtors, key=lambda one: (-one.days, -len(one.months), one.agency_code)),
        sorted(
            (one for one in authorities if one.overdue),
            key=lambda one: (-one.overdue, -one.share, one.authority_code or ""),
        ),
        owed,
    )


def days_over(deadline: datetime, now: datetime) -> int:
    """Days after the last day: 1 on the day after it, as `warehouse.deadlines.days_late`."""
    return (now.date() - deadline.date()).days + 1


def _month(month: str, of_it: Sequence[OwedMonth], exempt: int) -> MonthLine:
    deadlines = [one.deadline for one in of_it]
    counts = {outcome: sum(one.outcome == outcome for one in of_it) for outcome in (ON_TIME, LATE, MISSING, OPEN)}
    most = max(set(deadlines), key=lambda deadline: (deadlines.count(deadline), deadline))
    return MonthLine(month, most, len(of_it), **counts, refused=sum(one.refused for one in of_it), exempt=exempt)


def _debtor(missing: Sequence[OwedMonth], reminders: Mapping[tuple[str, str], Reminded], now: datetime) -> Debtor:
    newest = max(missing, key=lambda one: one.month)
    since = min(one.deadline for one in missing)
    told = [reminders[one.agency_code, one.month] for one in missing if (one.agency_code, one.month) in reminders]
    last = max((one.last_at for one in told), default=None)
    return Debtor(
        newest.agency_code,
        newest.agency_name,
        newest.authority_code,
        tuple(sorted(one.month for one in missing)),
        since,
        days_over(since, now),
        refused=any(one.refused for one in missing),
        pending=any(one.pending for one in missing),
        reminded=sum(one.times for one in told),
        reminded_at=last.astimezone(TAIPEI).replace(tzinfo=None) if last else None,
    )


def _authority(code: str | None, name: str | None, of_it: Sequence[OwedMonth], now: datetime) -> AuthorityLine:
    missing = [one for one in of_it if one.outcome == MISSING]
    passed = sum(one.outcome != OPEN for one in of_it)
    oldest = max((days_over(one.deadline, now) for one in missing), default=0)
    return AuthorityLine(code, name, len({one.agency_code for one in missing}), len(missing), passed, oldest)


def arrivals_by_day(owed: Iterable[OwedMonth], month: str, at: datetime, days: range) -> list[tuple[int, float]]:
    """The share of a month that had come by the end of each day around its own deadline (0: the last day).

    Days that have not ended `at` (aware) are left out; every agency counts from its own deadline.
    """
    of_it = [one for one in owed if one.month == month]
    now = at.astimezone(TAIPEI).replace(tzinfo=None)
    shares = []
    for day in days:
        away = timedelta(days=day)
        if of_it and min(one.deadline for one in of_it) + away <= now:
            come = [one for one in of_it if one.first_entered_at and one.first_entered_at <= one.deadline + away]
            shares.append((day, len(come) / len(of_it)))
    return shares
