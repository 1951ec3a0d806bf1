"""Arrivals and results for tests of what stands on the ledger."""

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from warehouse.ledger.arrivals import Arrived, record_arrivals
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.models import AgencyMonth, Submission, Transition
from warehouse.receipts import DatasetCounts

AGENCY = "376500000A"
MONTH = "2021-06"


def sha(name: str) -> str:
    """The id of a document of that name."""
    return hashlib.sha256(name.encode()).hexdigest()


def day(number: float) -> datetime:
    """A moment of July 2021, when June is reported."""
    return datetime(2021, 7, 1, tzinfo=UTC) + timedelta(days=number - 1)


def arrived(name: str, at: datetime, agency_code: str = AGENCY, month: str = MONTH, channel: str = "manual") -> Arrived:
    return Arrived(sha(name), agency_code, month, channel, f"/inbox/{name}.json", 1000, at)


def result(name: str, outcome: str = "entered", agency_code: str = AGENCY, month: str = MONTH, **more) -> Result:
    counts = {"leaves": DatasetCounts(10, 9, 1, 2)}
    return Result(sha(name), agency_code, month, outcome, "2021.1", counts, **more)


def arrive(ledger: Engine, *arrivals: Arrived) -> list[bool]:
    with writing(ledger) as session:
        return record_arrivals(session, arrivals)


def judge(ledger: Engine, *results: Result) -> list[bool]:
    with writing(ledger) as session:
        return record_results(session, results)


def states(ledger: Engine, agency_code: str = AGENCY, month: str = MONTH) -> dict[str, str]:
    """State by id of an agency-month."""
    with reading(ledger) as session:
        rows = session.execute(
            select(Submission.id, Submission.state).where(
                Submission.agency_code == agency_code, Submission.month == month
            )
        )
        return dict(rows.all())


def pointer(ledger: Engine, agency_code: str = AGENCY, month: str = MONTH) -> AgencyMonth | None:
    """What the agency-month counts."""
    with reading(ledger) as session:
        return session.get(AgencyMonth, (agency_code, month))


def trail(ledger: Engine, name: str) -> list[tuple[str | None, str]]:
    """The changes of state of a submission, in order."""
    with reading(ledger) as session:
        rows = session.execute(
            select(Transition.from_state, Transition.to_state)
            .where(Transition.submission_id == sha(name))
            .order_by(Transition.id)
        )
        return [(before, after) for before, after in rows]
