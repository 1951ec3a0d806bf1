"""Exemptions and extensions (核准免報、展延): granted to an agency or to all below it, withdrawn, and listed.

Beside the calendar, which says what holds for everybody.  Append-only: a withdrawal is a row of its own, so that any
moment's knowledge can be asked for.  Exemptions by days that a register file states are obligations, not grants.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.duties.calendar import DutyCalendar
from warehouse.duties.reckoning import spoken
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.engine import lock_months
from warehouse.ledger.granted import DutyGrant, GrantWithdrawal
from warehouse.ledger.retirements import refuse_retired
from warehouse.months import month_range
from warehouse.register.agencies import RegisterAgencies

EXEMPTION, EXTENSION = "exemption", "extension"


class GrantRefused(ValueError):  # noqa: N818 — says what happened
    """The grant, or its withdrawal, cannot be written; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What is asked for: `first_month` to `last_month` (None: until withdrawn), of an extension `until` a moment."""

    kind: str
    code: str
    below: bool
    first_month: str
    last_month: str | None
    until: datetime | None
    granted_by: str
    reason: str

    def touches(self, month: str) -> bool:
        """Whether it is about the month."""
        return self.first_month <= month <= (self.last_month or month)


@dataclass(frozen=True, slots=True)
class Standing(Granted):
    """A grant as the ledger has it; `withdrawn_at` and the two beside it None while it stands."""

    id: int
    actor: str
    at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_because: str | None = None


def grant(session: Session, wanted: Granted, calendar: DutyCalendar, *, actor: str, at: datetime) -> Standing:
    """Write a grant; the same that stands already is not written twice.

    `reason` and `granted_by` must hold no personal data; whoever calls sees to it.  Raises `GrantRefused`.
    """
    lock_months(session, [wanted.first_month])
    refuse_retired(session, wanted.first_month)
    _check(session, wanted, calendar)
    for one in all_grants(session):
        if one.withdrawn_at is None and _asked(one) == wanted:
            return one
    row = DutyGrant(actor=actor, at=at, **{name: getattr(wanted, name) for name in Granted.__slots__})
    session.add(row)
    session.flush()
    _note(session, "duty_granted", row, row.reason, actor, at)
    return _standing(row, None)


def withdraw_grant(session: Session, id_: int, *, reason: str, actor: str, at: datetime) -> Standing:
    """Take a grant back; its months are due again as if it had never been.  Raises `GrantRefused`."""
    if not reason.strip():
        raise GrantRefused("請說明原因 a reason is needed: --reason")
    row = session.get(DutyGrant, id_)
    if row is None:
        raise GrantRefused(f"沒有這筆核准 there is no grant {id_}: attendance duties list")
    lock_months(session, [row.first_month])
    refuse_retired(session, row.first_month)
    if session.get(GrantWithdrawal, id_) is not None:
        raise GrantRefused(f"核准 {id_} 已經撤銷 grant {id_} was withdrawn already")
    ending = GrantWithdrawal(grant_id=id_, reason=reason, actor=actor, at=at)
    session.add(ending)
    session.flush()
    _note(session, "duty_grant_withdrawn", row, reason, actor, at)
    return _standing(row, ending)


def all_grants(session: Session) -> list[Standing]:
    """Every grant in its order, those withdrawn too."""
    endings = {row.grant_id: row for row in session.scalars(select(GrantWithdrawal))}
    return [_standing(row, endings.get(row.id)) for row in session.scalars(select(DutyGrant).order_by(DutyGrant.id))]


def standing_grants(session: Session, as_of: datetime | None = None) -> list[Standing]:
    """The grants that stand now, or stood at a moment (aware), in their order."""
    grants = all_grants(session)
    if as_of is None:
        return [one for one in grants if one.withdrawn_at is None]
    return [one for one in grants if one.at <= as_of and (one.withdrawn_at is None or one.withdrawn_at > as_of)]


def _note(session: Session, action: str, row: DutyGrant, reason: str, actor: str, at: datetime) -> None:
    """Of more months than one, the audit's row is about the first; what the grant says stands in the grant."""
    concerns = f"grant {row.id}: {row.kind} by {row.granted_by}"
    note(session, [Deed(action, actor, row.code, row.first_month, concerns, reason, at)])


def _asked(one: Standing) -> Granted:
    return Granted(**{name: getattr(one, name) for name in Granted.__slots__})


def _standing(row: DutyGrant, ending: GrantWithdrawal | None) -> Standing:
    return Standing(
        **{name: getattr(row, name) for name in (*Granted.__slots__, "id", "actor", "at")},
        withdrawn_at=ending.at if ending else None,
        withdrawn_by=ending.actor if ending else None,
        withdrawn_because=ending.reason if ending else None,
    )


def _check(session: Session, wanted: Granted, calendar: DutyCalendar) -> None:
    if not wanted.reason.strip() or not wanted.granted_by.strip():
        raise GrantRefused("請註明核准者及原因 say who grants it and why: --granted-by, --reason")
    if wanted.last_month is not None and wanted.last_month < wanted.first_month:
        raise GrantRefused(
            f"--to {wanted.last_month} 早於 --month {wanted.first_month} is before it: give the earlier month first"
        )
    register = RegisterAgencies(session)
    if not register.in_force(wanted.code, wanted.first_month):
        raise GrantRefused(
            f"{wanted.code} {wanted.first_month}: 機關代碼不存在或當月未生效 not in the register in that month"
        )
    if wanted.kind == EXTENSION:
        _check_until(wanted, register, calendar.known(session))


def _check_until(wanted: Granted, register: RegisterAgencies, calendar: DutyCalendar) -> None:
    """An extension is of given months, and later than each of them is due anyway."""
    if wanted.until is None or wanted.last_month is None:
        raise GrantRefused("展延須有起訖月份及期限 an extension needs its months and a moment: --month, --until")
    for month in month_range(wanted.first_month, wanted.last_month):
        period = register.of_month(month).get(wanted.code)
        due = calendar.due(month, period.kind if period else None)
        if wanted.until <= due:
            raise GrantRefused(
                f"{month} 原期限為 {spoken(due)}，展延須晚於此 is due until {spoken(due)} anyway: give a later --until"
            )
