"""What a month is by the ledger, as one short text: a month published when it was another is behind.

Of what was judged of each submission, of the reviews across them, and of what was granted; not of register, deadlines
or explanations, which every publishing takes in.
"""

import hashlib

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from warehouse.ledger import lifecycle
from warehouse.ledger.granted import DutyGrant, GrantWithdrawal
from warehouse.ledger.models import Review, Submission, Transition

#: Newest transition, newest review, and how many grants and withdrawals of grants there are: whoever remembers them can
#: ask what has changed since.
Moment = tuple[int, int, int]


def version_of(session: Session, month: str) -> str:
    """Sixteen hexadecimal digits: the same until something of the month (`YYYY-MM`) is judged, reviewed or granted."""
    digest = hashlib.sha256()
    columns = (Submission.agency_code, Submission.id, Submission.state, Submission.rule_set)
    numbers = (Submission.fatal, Submission.errors, Submission.warnings)
    judged = select(*columns, *numbers).where(Submission.month == month, Submission.state != lifecycle.RECEIVED)
    for row in session.execute(judged.order_by(Submission.agency_code, Submission.id)):
        digest.update(repr(tuple(row)).encode())
    reviews = select(func.count(), func.max(Review.id)).where(Review.month == month)
    digest.update(repr(tuple(session.execute(reviews).one())).encode())
    granted = select(DutyGrant.id, GrantWithdrawal.grant_id).outerjoin(GrantWithdrawal).where(*_about(month))
    for grant in session.execute(granted.order_by(DutyGrant.id)):
        digest.update(repr(tuple(grant)).encode())
    return digest.hexdigest()[:16]


def newest_moment(session: Session) -> Moment:
    """The newest of what makes versions; zeros where there is nothing."""
    transition = session.scalar(select(func.max(Transition.id))) or 0
    return transition, session.scalar(select(func.max(Review.id))) or 0, _grants(session)


def months_judged(session: Session) -> list[str]:
    """Months of which anything was judged, in order; documents that name no month are of none."""
    query = select(Submission.month).where(Submission.state != lifecycle.RECEIVED, Submission.month != "").distinct()
    return sorted(session.scalars(query))


def months_touched(session: Session, since: Moment) -> list[str]:
    """Months in which anything was judged or reviewed after that moment, in order.

    Where anything was granted or withdrawn since, every judged month that any grant is about as well.
    """
    judged = (Transition.to_state != lifecycle.RECEIVED, Transition.month != "")
    transitions = select(Transition.month).where(Transition.id > since[0], *judged).distinct()
    reviews = select(Review.month).where(Review.id > since[1]).distinct()
    touched = {*session.scalars(transitions), *session.scalars(reviews)}
    if _grants(session) != since[2]:
        touched |= {month for month in months_judged(session) if session.scalar(_is_granted(month))}
    return sorted(touched)


def _grants(session: Session) -> int:
    """How many grants and withdrawals there are; neither is ever deleted."""
    return sum(session.scalar(select(func.count()).select_from(one)) or 0 for one in (DutyGrant, GrantWithdrawal))


def _about(month: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DutyGrant.first_month <= month, or_(DutyGrant.last_month.is_(None), DutyGrant.last_month >= month)


def _is_granted(month: str) -> Select[int]:
    return select(DutyGrant.id).where(*_about(month)).limit(1)
