"""What came before its month had ended is neither on time nor late: both are judged by what came after.

Of the arrivals, which stay as they are, the first after the month's end is found for what was judged by one before it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.columns import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TAIPEI = ZoneInfo("Asia/Taipei")
_KEY = ("agency_code", "month")


def _table(name: str, moment: str, *others: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, (*_KEY, *others)), sa.column(moment, UtcDateTime))


_ARRIVALS = _table("arrivals", "received_at", "submission_id")
_SUBMISSIONS = _table("submissions", "first_received_at", "id", "state")
_POINTERS = _table("agency_months", "first_entered_received_at")
_ACCEPTED = ("entered", "entered_with_errors", "superseded")


def upgrade() -> None:
    """Change the rows."""
    connection = op.get_bind()
    for month in connection.scalars(sa.select(_POINTERS.c.month).distinct()).all():
        ended = _month_end(month)
        came = (
            sa.select(sa.func.min(_ARRIVALS.c.received_at, type_=UtcDateTime()))
            .where(
                _ARRIVALS.c.submission_id == _SUBMISSIONS.c.id,
                *(_ARRIVALS.c[name] == _SUBMISSIONS.c[name] for name in _KEY),
                _ARRIVALS.c.received_at >= ended,
            )
            .scalar_subquery()
        )
        early = (_SUBMISSIONS.c.month == month, _SUBMISSIONS.c.first_received_at < ended)
        again = sa.func.coalesce(came, _SUBMISSIONS.c.first_received_at)
        connection.execute(sa.update(_SUBMISSIONS).where(*early).values(first_received_at=again))
        entered = (
            sa.select(sa.func.min(_SUBMISSIONS.c.first_received_at, type_=UtcDateTime()))
            .where(
                *(_SUBMISSIONS.c[name] == _POINTERS.c[name] for name in _KEY),
                _SUBMISSIONS.c.state.in_(_ACCEPTED),
                _SUBMISSIONS.c.first_received_at >= ended,
            )
            .scalar_subquery()
        )
        judged = (_POINTERS.c.month == month, _POINTERS.c.first_entered_received_at < ended)
        connection.execute(sa.update(_POINTERS).where(*judged).values(first_entered_received_at=entered))


def downgrade() -> None:
    """Undo the change: by the first arrival of all."""
    connection = op.get_bind()
    came = (
        sa.select(sa.func.min(_ARRIVALS.c.received_at))
        .where(
            _ARRIVALS.c.submission_id == _SUBMISSIONS.c.id,
            *(_ARRIVALS.c[name] == _SUBMISSIONS.c[name] for name in _KEY),
        )
        .scalar_subquery()
    )
    connection.execute(sa.update(_SUBMISSIONS).values(first_received_at=came))
    entered = (
        sa.select(sa.func.min(_SUBMISSIONS.c.first_received_at))
        .where(*(_SUBMISSIONS.c[name] == _POINTERS.c[name] for name in _KEY), _SUBMISSIONS.c.state.in_(_ACCEPTED))
        .scalar_subquery()
    )
    connection.execute(sa.update(_POINTERS).values(first_entered_received_at=entered))


def _month_end(month: str) -> datetime:
    """00:00 in Taipei on the 1st of the following month."""
    number = int(month[:4]) * 12 + int(month[5:])
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=_TAIPEI)
