"""What the pulling channels remember of each agency and month, kept in the ledger's table `fetches`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, insert, select, update
from sqlalchemy.orm import Session

from assets.channels.protocol import Delivery, Outcome, Remembered
from assets.pull_report import host_of
from warehouse.deadlines import month_end
from warehouse.ledger.base import same_submission
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Fetch, Submission

_ABOUT = ("etag", "fetched_at", "outcome", "detail", "host", "submission_id")


class LedgerMemory:
    """The `FetchMemory` that channels are given `now` (aware); reads only, each time anew."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine = engine
        self._now = now

    def recall(self, channel: str, month: str) -> Mapping[str, Remembered]:
        """Agency code → what the last fetch that brought something brought.

        Once the month has ended, what came before its end is forgotten: it does not count until it has come again.
        """
        query = select(Fetch.agency_code, Fetch.etag, Fetch.submission_id).where(
            Fetch.channel == channel, Fetch.month == month, Fetch.submission_id.is_not(None)
        )
        if self._now >= (ended := month_end(month)):
            arrived = query.join(Submission, same_submission(Submission, Fetch))
            query = arrived.where(Submission.first_received_at >= ended)
        with reading(self._engine) as session:
            return {code: Remembered(etag, submission) for code, etag, submission in session.execute(query)}


def remember(session: Session, deliveries: Sequence[Delivery], at: datetime) -> None:
    """Write what came of these fetches, at most one for each channel, agency and month.

    One that brought nothing new leaves what an earlier one had brought, and says only how it went.
    """
    places = {(one.channel, one.month) for one in deliveries}
    known = {
        (row.channel, row.agency_code, row.month): (row.etag, row.submission_id)
        for channel, month in places
        for row in session.scalars(select(Fetch).where(Fetch.channel == channel, Fetch.month == month))
    }
    new: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for one in deliveries:
        key = (one.channel, one.agency_code, one.month)
        row = {"_channel": key[0], "_agency_code": key[1], "_month": key[2], **_about(one, known.get(key), at)}
        (again if key in known else new).append(row)
    connection = session.connection()
    if new:
        connection.execute(insert(Fetch), [{name.removeprefix("_"): row[name] for name in row} for row in new])
    if again:
        same = (
            Fetch.channel == bindparam("_channel"),
            Fetch.agency_code == bindparam("_agency_code"),
            Fetch.month == bindparam("_month"),
        )
        connection.execute(update(Fetch).where(*same).values({name: bindparam(f"_{name}") for name in _ABOUT}), again)


def _about(one: Delivery, known: tuple[str | None, str | None] | None, at: datetime) -> dict[str, Any]:
    brought = (one.etag, one.submission_id) if one.outcome is Outcome.DELIVERED else known or (None, None)
    values = (brought[0], at, one.outcome.value, str(one.reason) or None, host_of(one.source) or None, brought[1])
    return {f"_{name}": value for name, value in zip(_ABOUT, values, strict=True)}
