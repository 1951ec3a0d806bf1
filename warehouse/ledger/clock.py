"""Whether this machine's clock agrees with the others': with PostgreSQL's, and with the ledger's newest rows.

On time or late is told by the clock of whoever receives a document, so a wrong one is wrong about agencies.  Which
submission is the newest is not told by any clock (`arrivals.py`).
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from warehouse.ledger.models import Arrival, Transition

#: Clocks that are kept by NTP differ by milliseconds; what is more than this is set wrongly.
TOLERATED = timedelta(minutes=5)
#: Rows of each table that count as the newest.
_NEWEST = 50


class ClockDisagrees(RuntimeError):  # noqa: N818 — says what happened
    """The clock of this machine differs from the database server's; `by` is positive where this one is ahead."""

    def __init__(self, by: timedelta) -> None:
        self.by = by
        minutes = abs(by.total_seconds()) / 60
        super().__init__(
            f"本機時鐘與資料庫主機相差 {minutes:,.0f} 分鐘，期限將誤判，未收件；請校時後再執行一次 the clock here "
            f"is {minutes:,.0f} minutes {'ahead of' if by > timedelta(0) else 'behind'} the database server's, so that "
            "deadlines would be told wrongly: set the clock (NTP), and do it again"
        )


def refuse_wrong(session: Session) -> None:
    """Raise `ClockDisagrees` where PostgreSQL's clock says so; SQLite's is this machine's."""
    by = from_database(session)
    if by is not None and abs(by) > TOLERATED:
        raise ClockDisagrees(by)


def from_database(session: Session) -> timedelta | None:
    """How far this machine's clock is ahead of the database server's; None on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return _system_now() - theirs


def ahead_of(session: Session, now: datetime) -> timedelta:
    """How far the ledger's newest rows lie in the future by this clock (`now`, aware): theirs or this one was wrong."""
    newest = [
        at
        for model, column in ((Arrival, Arrival.received_at), (Transition, Transition.at))
        for at in session.scalars(select(column).order_by(model.id.desc()).limit(_NEWEST))
    ]
    return max((at - now for at in newest), default=timedelta(0))


def in_the_future(session: Session, now: datetime) -> int:
    """How many documents were received later than `now` (aware), by the clock of whoever received them."""
    future = select(func.count()).select_from(Arrival).where(Arrival.received_at > now + TOLERATED)
    return session.scalar(future) or 0


def _system_now() -> datetime:
    return datetime.now(UTC)
