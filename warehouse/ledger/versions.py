"""What a month is by the ledger, as one short text: a month published when it was another is behind.

Of what was judged of each submission, and of the reviews across them; not of register, deadlines or explanations, which
every publishing takes in.
"""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.ledger import lifecycle
from warehouse.ledger.models import Review, Submission, Transition

#: Newest transition and newest review: whoever remembers them can ask what has changed since.
Moment = tuple[int, int]


def version_of(session: Session, month: str) -> str:
    """Sixteen hexadecimal digits, the same as long as nothing of the month (`YYYY-MM`) is judged anew or reviewed."""
    digest = hashlib.sha256()
    columns = (Submission.agency_code, Submission.id, Submission.state, Submission.rule_set)
    numbers = (Submission.fatal, Submission.errors, Submission.warnings)
    judged = select(*columns, *numbers).where(Submission.month == month, Submission.state != lifecycle.RECEIVED)
    for row in session.execute(judged.order_by(Submission.agency_code, Submission.id)):
        digest.update(repr(tuple(row)).encode())
    reviews = select(func.count(), func.max(Review.id)).where(Review.month == month)
    digest.update(repr(tuple(session.execute(reviews).one())).encode())
    return digest.hexdigest()[:16]


def newest_moment(session: Session) -> Moment:
    """The newest of what makes versions; zeros where there is nothing."""
    return session.scalar(select(func.max(Transition.id))) or 0, session.scalar(select(func.max(Review.id))) or 0


def months_judged(session: Session) -> list[str]:
    """Months of which anything was judged, in order; documents that name no month are of none."""
    query = select(Submission.month).where(Submission.state != lifecycle.RECEIVED, Submission.month != "").distinct()
    return sorted(session.scalars(query))


def months_touched(session: Session, since: Moment) -> list[str]:
    """Months in which anything was judged or reviewed after that moment, in order."""
    judged = (Transition.to_state != lifecycle.RECEIVED, Transition.month != "")
    transitions = select(Transition.month).where(Transition.id > since[0], *judged).distinct()
    reviews = select(Review.month).where(Review.id > since[1]).distinct()
    return sorted({*session.scalars(transitions), *session.scalars(reviews)})
