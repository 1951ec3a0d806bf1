"""What the ledger knows, month by month: which months there are, and whether anything of one has changed.

Asking costs a few look-ups a month, so that a publishing need not read what it published before.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from warehouse import reports
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties
from warehouse.ledger import lifecycle
from warehouse.ledger.base import Base, same_submission
from warehouse.ledger.models import (
    AgencyMonth,
    Arrival,
    Decision,
    PastJudgement,
    Review,
    Submission,
    Transition,
)
from warehouse.months import is_month, month_range, shifted
from warehouse.tables import TABLES

#: The period under which stands what was handed in for no month.
NO_MONTH = "unknown"

#: Whatever changes a month adds a row to one of these, whose ids rise within a month: `lock_months` sees to it.
_TOLD_BY: tuple[tuple[type[Base], InstrumentedAttribute[int], InstrumentedAttribute[datetime]], ...] = (
    (Arrival, Arrival.id, Arrival.received_at),
    (Transition, Transition.id, Transition.at),
    (Decision, Decision.id, Decision.at),
    (Review, Review.id, Review.at),
    (PastJudgement, PastJudgement.id, PastJudgement.until),
)


@dataclass(frozen=True)
class KnownMonths:
    """`owed`: from the first month in which anything was entered (or a given one) to the last that has ended.

    `others`: further months for which something was handed in; `elsewhere`: what stands in place of a month in
    documents that name none.
    """

    owed: tuple[str, ...]
    others: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @property
    def months(self) -> list[str]:
        """All real months, in order."""
        return sorted({*self.owed, *self.others})

    @property
    def periods(self) -> list[str]:
        """The same and, where there is any, what stands for no month."""
        return [*self.months, *([NO_MONTH] if self.elsewhere else [])]

    def named(self, periods: Iterable[str]) -> list[str]:
        """The periods as the ledger names them."""
        return [month for one in periods for month in (self.elsewhere if one == NO_MONTH else (one,))]


def known_months(
    session: Session, first_month: str | None, now: datetime, as_of: datetime | None = None
) -> KnownMonths:
    """Which months there are `now`; with `as_of`, as far as the ledger knew at that moment.  Both are aware."""
    moment = as_of or now
    this_month = moment.astimezone(TAIPEI).strftime("%Y-%m")
    submitted, counted = _all_months(session) if as_of is None else _months_at(session, as_of)
    counted = {month for month in counted if month <= this_month}
    first = first_month or min(counted, default=None)
    owed = [] if first is None else month_range(first, max([shifted(this_month, -1), *counted]))
    real = {month for month in submitted if is_month(month)}
    return KnownMonths(tuple(owed), tuple(sorted(real - set(owed))), tuple(sorted(submitted - real)))


def _all_months(session: Session) -> tuple[set[str], set[str]]:
    submitted = set(session.scalars(select(Submission.month).distinct()))
    return submitted, set(session.scalars(select(AgencyMonth.month).distinct()))


def _months_at(session: Session, as_of: datetime) -> tuple[set[str], set[str]]:
    """What had arrived by then; and where any of that was accepted, whenever it was judged."""
    submitted = set(session.scalars(select(Arrival.month).where(Arrival.received_at <= as_of).distinct()))
    accepted = (
        select(Arrival.month)
        .join(Transition, same_submission(Transition, Arrival))
        .where(
            Arrival.received_at <= as_of, Transition.to_state.in_((lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS))
        )
    )
    return submitted, set(session.scalars(accepted.distinct()))


def states(
    session: Session, known: KnownMonths, duties: Duties, explained: Mapping[str, int], now: datetime
) -> dict[str, str]:
    """Period → what all its tables rest on but the details: while it is the same, so are they.

    `duties` hold the register too, `explained` is the newest explanation that concerns each month.
    """
    made_by, register = program(), duties.register.fingerprint
    return {
        period: json.dumps(
            [
                made_by,
                register,
                period in known.owed,
                "" if period == NO_MONTH else duties.state(period, now),
                explained.get(period, 0),
                [_newest(session, month) for month in known.named([period])],
            ]
        )
        for period in known.periods
    }


def _newest(session: Session, month: str) -> list[list[object]]:
    """The newest row of each telling table; the moment too, as a ledger restored from a backup numbers anew."""
    found: list[list[object]] = []
    for model, number, moment in _TOLD_BY:
        row = session.execute(
            select(number, moment).where(model.__table__.c.month == month).order_by(number.desc()).limit(1)
        ).first()
        found.append([] if row is None else [row[0], row[1].isoformat()])
    return found


def program() -> str:
    """A fingerprint of how the tables are made: another version of the program makes them anew."""
    made = [repr(TABLES), *(reports.sql(name) for name in ("definitions", *reports.BY_MONTH, *reports.BY_YEAR))]
    return sha256("\0".join(made).encode()).hexdigest()[:16]
