"""The channels: when each last answered, and of how many agencies it failed."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from assets.agenda import Agenda
from assets.channels.protocol import Outcome
from pipelines.metrics.part import Family, Looked, gauge
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival, Fetch

_FAILED = (Outcome.FAILED.value, Outcome.NOT_CONFIGURED.value)


def channels(looked: Looked) -> Iterator[Family]:
    """Of the newest open month that each channel was asked for: agencies by whether it answered for them."""
    asked = gauge("pull_agencies", "最近收檔月份詢問之機關 Agencies last asked for, in the newest month", ["channel"])
    failed = gauge("pull_agencies_failed", "其中失敗者 Those of them that it failed for", ["channel"])
    pulled = gauge("last_pull_timestamp_seconds", "最近一次詢問 When an agency was last asked", ["channel"])
    arrived = gauge("last_arrival_timestamp_seconds", "最近一次送達 When a document last came", ["channel"])
    with reading(looked.platform.engine) as session:
        months = Agenda(looked.platform, session, looked.now).open_months(looked.now)
        number = select(Fetch.channel, Fetch.month, Fetch.outcome, func.count(), func.max(Fetch.fetched_at))
        rows = session.execute(
            number.where(Fetch.month.in_(months)).group_by(Fetch.channel, Fetch.month, Fetch.outcome)
        ).all()
        newest = select(Arrival.channel, func.max(Arrival.received_at)).where(Arrival.month.in_(months))
        arrivals = session.execute(newest.group_by(Arrival.channel)).all()
    for channel in sorted({row[0] for row in rows}):
        of_channel = [row for row in rows if row[0] == channel]
        month = max(row[1] for row in of_channel)
        outcomes = Counter({row[2]: row[3] for row in of_channel if row[1] == month})
        asked.add_metric([channel], outcomes.total())
        failed.add_metric([channel], sum(outcomes[name] for name in _FAILED))
        pulled.add_metric([channel], max(row[4] for row in of_channel).timestamp())
    for channel, at in sorted(arrivals):
        arrived.add_metric([channel], at.timestamp())
    yield from (asked, failed, pulled, arrived)
