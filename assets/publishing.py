"""Stage 4, publishing: `warehouse.duckdb` built beside the old and swapped in, as the platform's settings say."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from assets.platform import Platform
from warehouse.journal import log
from warehouse.ledger.engine import reading
from warehouse.ledger.versions import version_of
from warehouse.publish.database import open_warehouse
from warehouse.publish.publisher import Published, publish
from warehouse.reconciliation import Accounts, accounts_of, agreed, unreconciled
from warehouse.store import RECORDS


@dataclass(frozen=True)
class PublishedMonth:
    """A month as readers now see it, and its `version` by the ledger.

    `agencies` with records that were `read`, `entered` or `refused` by the ledger; `wrong` says where ledger, details,
    findings and counts differ; `rows` of each table of records.
    """

    month: str
    version: str
    agencies: int
    read: int
    entered: int
    refused: int
    wrong: Sequence[str]
    rows: Mapping[str, int]


def publish_months(platform: Platform, months: Collection[str]) -> list[PublishedMonth]:
    """Publish these months at once, and see whether their records reconcile.

    Raises `PublishingBusy` and `StoreIncomplete`, as `publish` does.
    """
    began = time.perf_counter()
    with reading(platform.engine) as session:
        before = {month: accounts_of(session, month) for month in months}
        # Of before: what is judged while this publishes is behind, and published again.
        versions = {month: version_of(session, month) for month in months}
    publish_now(platform, months)
    with reading(platform.engine) as session:
        after = {month: accounts_of(session, month) for month in months}
    with open_warehouse(platform.home.warehouse) as warehouse:
        done = [_published(warehouse, month, versions[month], before[month], after[month]) for month in months]
    seconds = round(time.perf_counter() - began, 3)
    for one in done:
        say = log.error if one.wrong else log.info
        rows = sum(one.rows.values())
        say(
            "month_published",
            month=one.month,
            rows=rows,
            differences=len(one.wrong),
            together=len(done),
            seconds=seconds,
        )
    return done


def publish_now(platform: Platform, months: Iterable[str]) -> Published:
    """Publish these months' records, and every report as of now, as the platform's settings say."""
    return publish(
        platform.home,
        platform.engine,
        months,
        now=platform.clock(),
        first_month=platform.first_month,
        grace=platform.grace,
    )


def _published(
    warehouse: duckdb.DuckDBPyConnection, month: str, version: str, before: Accounts, after: Accounts
) -> PublishedMonth:
    accounts = agreed(before, after)
    wrong = unreconciled(warehouse, month, accounts, whole=before == after)
    counts = [counts for datasets in accounts.values() for counts in datasets.values()]
    rows = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM core.{name} WHERE month = $month" for name in RECORDS)  # noqa: S608 — our own names
    return PublishedMonth(
        month,
        version,
        agencies=len(accounts),
        read=sum(read for _, read, _, _ in counts),
        entered=sum(entered for _, _, entered, _ in counts),
        refused=sum(refused for _, _, _, refused in counts),
        wrong=[str(one) for one in wrong],
        rows=dict(warehouse.execute(rows, {"month": month}).fetchall()),
    )
