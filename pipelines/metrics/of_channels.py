"""The channels: when each last answered, and of how many agencies it failed."""

from collections.abc import Iterator

from sqlalchemy import func, select

from assets.agenda import Agenda
from assets.channel_health import health_recorded
from pipelines.metrics.part import Family, Looked, gauge
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival


def channels(looked: Looked) -> Iterator[Family]:
    """Of the newest month that each channel was asked for: agencies by whether it answered for them."""
    asked = gauge("pull_agencies", "最近收檔月份詢問之機關 Agencies last asked for, in the newest month", ["channel"])
    failed = gauge("pull_agencies_failed", "其中失敗者 Those of them that it failed for", ["channel"])
    down = gauge("channel_down", "管道是否中斷 1 where it failed for more than the limit of the settings", ["channel"])
    pulled = gauge("last_pull_timestamp_seconds", "最近一次詢問 When an agency was last asked", ["channel"])
    arrived = gauge("last_arrival_timestamp_seconds", "最近一次送達 When a document last came", ["channel"])
    with reading(looked.platform.engine) as session:
        months = Agenda(looked.platform, session, looked.now).open_months(looked.now)
        health = health_recorded(session, looked.platform.pull_limits.failed_share)
        newest = select(Arrival.channel, func.max(Arrival.received_at)).where(Arrival.month.in_(months))
        arrivals = session.execute(newest.group_by(Arrival.channel)).all()
    for one in health:
        asked.add_metric([one.channel], one.asked)
        failed.add_metric([one.channel], one.failed)
        down.add_metric([one.channel], one.is_down)
        if one.at is not None:
            pulled.add_metric([one.channel], one.at.timestamp())
    for channel, at in sorted(arrivals):
        arrived.add_metric([channel], at.timestamp())
    yield from (asked, failed, down, pulled, arrived)
