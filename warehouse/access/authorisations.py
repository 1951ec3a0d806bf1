"""Authorisations (授權): granted to an account for an agency and a time, withdrawn, and listed.

Append-only, and each grant and withdrawal is in the audit.  Who may grant what is checked by whoever calls.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from checks.model.masking import ID_IN_TEXT
from warehouse.access.certificates import CERTIFICATE
from warehouse.ledger.access import ACCOUNT_LENGTH, NAME_LENGTH, Authorisation, AuthorisationWithdrawal
from warehouse.ledger.audit import Deed, note

OPERATOR, AUTHORITY, AGENCY = "operator", "authority", "agency"
HEAD, SUBMITTER, VIEWER = "head", "submitter", "viewer"
#: Role → what it is called, the most powerful first.
ROLES = {
    OPERATOR: "中央管理人員 central operator",
    AUTHORITY: "主管機關 supervising authority",
    AGENCY: "機關憑證 agency's certificate",
    HEAD: "人事主管 head of personnel",
    SUBMITTER: "報送人員 submitter",
    VIEWER: "檢視人員 viewer",
}

_ACCOUNT = re.compile(rf"[!-~]{{1,{ACCOUNT_LENGTH}}}")


class AuthorisationRefused(ValueError):  # noqa: N818 — says what happened
    """The authorisation, or its withdrawal, cannot be written; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: `first_day` to `last_day`, both included in Taipei; None: until withdrawn."""

    account: str
    holder: str
    role: str
    agency_code: str | None
    first_day: date
    last_day: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Held(Wanted):
    """An authorisation as the ledger has it; `withdrawn_at` and the two beside it None while it was not taken back."""

    id: int
    actor: str
    at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_because: str | None = None

    def stands(self, day: date) -> bool:
        """Whether it gives anything on that day."""
        return self.withdrawn_at is None and self.first_day <= day and (self.last_day is None or day <= self.last_day)


def checked_account(account: str) -> str:
    """The account if one can be kept by it; raises `AuthorisationRefused`.

    A national ID is no account: the identity provider is to give a pseudonym (OpenID Connect Core, section 8.1).
    """
    if not _ACCOUNT.fullmatch(account):
        raise AuthorisationRefused(
            f"帳號須為 1 至 {ACCOUNT_LENGTH} 個英數字元 an account has 1 to {ACCOUNT_LENGTH} printable ASCII characters"
        )
    if not account.startswith(CERTIFICATE) and ID_IN_TEXT.search(account):
        raise AuthorisationRefused(
            "帳號不得為身分證統一編號，請改用單一簽入的代號 a national ID cannot be an account: "
            "use the pseudonym that the single sign-on gives"
        )
    return account


def authorise(session: Session, wanted: Wanted, *, actor: str, at: datetime) -> Held:
    """Write an authorisation; the same that stands already is not written twice.  Raises `AuthorisationRefused`."""
    _check(wanted)
    for one in _held(session, Authorisation.account == wanted.account):
        if one.withdrawn_at is None and _asked(one) == wanted:
            return one
    row = Authorisation(actor=actor, at=at, **{name: getattr(wanted, name) for name in Wanted.__slots__})
    session.add(row)
    session.flush()
    _note(session, "authorised", row, row.reason, actor, at)
    return _as_held(row, None)


def withdraw_authorisation(session: Session, id_: int, *, reason: str, actor: str, at: datetime) -> Held:
    """Take an authorisation back, from now on.  Raises `AuthorisationRefused`."""
    if not reason.strip():
        raise AuthorisationRefused("請說明撤銷原因 a reason is needed")
    row = session.get(Authorisation, id_)
    if row is None:
        raise AuthorisationRefused(f"沒有這筆授權 there is no authorisation {id_}")
    _nameless(reason, row.role, row.holder)
    if session.get(AuthorisationWithdrawal, id_) is not None:
        raise AuthorisationRefused(f"授權 {id_} 已經撤銷 authorisation {id_} was withdrawn already")
    ending = AuthorisationWithdrawal(authorisation_id=id_, reason=reason, actor=actor, at=at)
    session.add(ending)
    session.flush()
    _note(session, "authorisation_withdrawn", row, reason, actor, at)
    return _as_held(row, ending)


def held_by(session: Session, account: str, day: date) -> list[Held]:
    """What an account holds on a day, in the order in which it was granted."""
    return [one for one in _held(session, Authorisation.account == account) if one.stands(day)]


def held_for(session: Session, agency_codes: Collection[str | None]) -> list[Held]:
    """Every authorisation for these agencies (None: the operators'), those that ended too; the newest first."""
    codes = {code for code in agency_codes if code is not None}
    place: ColumnElement[bool] = Authorisation.agency_code.in_(codes)
    if None in agency_codes:
        place |= Authorisation.agency_code.is_(None)
    return _held(session, place)[::-1]


def all_authorisations(session: Session) -> list[Held]:
    """Every authorisation that was ever granted, in that order."""
    return _held(session)


def authorisation(session: Session, id_: int) -> Held | None:
    """One authorisation; None where there is none of that number."""
    found = _held(session, Authorisation.id == id_)
    return found[0] if found else None


def _check(wanted: Wanted) -> None:
    checked_account(wanted.account)
    if wanted.role not in ROLES:
        raise AuthorisationRefused(f"沒有這種角色 no such role: {wanted.role}; there are: {', '.join(ROLES)}")
    if (wanted.role == OPERATOR) != (wanted.agency_code is None):
        raise AuthorisationRefused(
            "中央管理人員不限機關，其他角色須指定機關 an operator has no agency, every other role has one"
        )
    if (wanted.role == AGENCY) != wanted.account.startswith(CERTIFICATE):
        raise AuthorisationRefused(
            "機關憑證與角色 agency 須併用 the role agency is a certificate's, and a certificate has no other"
        )
    if not wanted.holder.strip() or len(wanted.holder) > NAME_LENGTH:
        raise AuthorisationRefused(
            f"請填姓名或職稱，至多 {NAME_LENGTH} 字 a name or office of at most {NAME_LENGTH} characters"
        )
    if ID_IN_TEXT.search(wanted.holder) or ID_IN_TEXT.search(wanted.reason):
        raise AuthorisationRefused("姓名及原因不得含身分證統一編號 no national ID belongs in the name or the reason")
    _nameless(wanted.reason, wanted.role, wanted.holder)
    if not wanted.reason.strip():
        raise AuthorisationRefused("請說明授權原因 a reason is needed")
    if wanted.last_day is not None and wanted.last_day < wanted.first_day:
        raise AuthorisationRefused("迄日不得早於起日 the last day is before the first: give the earlier one first")


def _nameless(reason: str, role: str, holder: str) -> None:
    """A reason is for the audit, where nobody is named; an agency, whose certificate it is, may be."""
    if role != AGENCY and holder.strip() and holder.strip() in reason:
        raise AuthorisationRefused("原因不得含姓名，請以職稱說明 the reason must not name the person: say it by office")


def _held(session: Session, *where: ColumnElement[bool]) -> list[Held]:
    rows = session.scalars(select(Authorisation).where(*where).order_by(Authorisation.id)).all()
    ids = {row.id for row in rows}
    endings = {
        one.authorisation_id: one
        for one in session.scalars(
            select(AuthorisationWithdrawal).where(AuthorisationWithdrawal.authorisation_id.in_(ids))
        )
    }
    return [_as_held(row, endings.get(row.id)) for row in rows]


def _asked(one: Held) -> Wanted:
    return Wanted(**{name: getattr(one, name) for name in Wanted.__slots__})


def _as_held(row: Authorisation, ending: AuthorisationWithdrawal | None) -> Held:
    return Held(
        **{name: getattr(row, name) for name in (*Wanted.__slots__, "id", "actor", "at")},
        withdrawn_at=ending.at if ending else None,
        withdrawn_by=ending.actor if ending else None,
        withdrawn_because=ending.reason if ending else None,
    )


def _note(session: Session, action: str, row: Authorisation, reason: str, actor: str, at: datetime) -> None:
    """By account: a holder's name is not for the audit."""
    concerns = f"{row.role} {row.id}: {row.account}"
    note(session, [Deed(action, actor, row.agency_code, None, concerns, reason, at)])
