"""Stage 4, publishing: `warehouse.duckdb` built beside the old and swapped in; nothing before it depends on it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import dagster as dg
import duckdb

from assets.partitions import MONTHS
from assets.platform import Platform
from assets.previews import markdown
from assets.reviews import reviews
from warehouse.ledger.engine import reading
from warehouse.ledger.versions import Moment, months_judged, months_touched, version_of
from warehouse.publish import Published, publish
from warehouse.publish.database import open_warehouse
from warehouse.publish.partitions import RECORDS
from warehouse.reconciliation import Accounts, accounts_of, agreed, unreconciled

CORE = dg.AssetKey("core_tables")
#: Dagster's own tag of a materialisation's data version.
VERSION_TAG = "dagster/data_version"

#: 對帳 For each agency and dataset of the month; see `warehouse.reconciliation`.
RECONCILED = dg.AssetCheckSpec(
    "records_reconciled",
    asset=CORE,
    partitions_def=MONTHS,
    blocking=True,
    description="讀入筆數 = 入檔筆數 + 退件筆數，帳冊、明細、檢誤結果、月筆數統計四者相符 | Records read = entered + "
    "refused, the same in ledger, details, findings and monthly counts, for each agency and dataset; a difference is a "
    "fault of ours and stops what follows",
)
_SHOWN = 100


@dataclass(frozen=True)
class PublishedMonth:
    """A month as it was published: whether its records reconcile, what to show, and its version by the ledger."""

    month: str
    check: dg.AssetCheckEvaluation
    metadata: dict[str, Any]
    version: str


def publish_months(platform: Platform, months: Collection[str]) -> list[PublishedMonth]:
    """Publish these months at once, and see whether their records reconcile.

    Raises `warehouse.publish.PublishingBusy` or `StoreIncomplete`.
    """
    with reading(platform.engine) as session:
        before = {month: accounts_of(session, month) for month in months}
        # Of before: what is judged while this publishes is behind, and published again.
        versions = {month: version_of(session, month) for month in months}
    publish_now(platform, months)
    with reading(platform.engine) as session:
        after = {month: accounts_of(session, month) for month in months}
    with open_warehouse(platform.home.warehouse) as warehouse:
        return [
            PublishedMonth(
                month,
                _reconciled(warehouse, month, before[month], after[month]),
                _shown(platform, warehouse, month),
                versions[month],
            )
            for month in months
        ]


def behind(platform: Platform, instance: dg.DagsterInstance, since: Moment | None = None) -> list[str]:
    """Months whose newest publishing, as Dagster knows it, was of another version than the ledger now has.

    Of all months that are partitions, or of those touched since a moment.  A run that died between entering and
    publishing leaves such months, as does a backfill of agency-months.
    """
    with reading(platform.engine) as session:
        looked_at = months_judged(session) if since is None else months_touched(session, since)
        versions = {month: version_of(session, month) for month in looked_at if MONTHS.has_partition_key(month)}
    published = instance.event_log_storage.get_latest_tags_by_partition(
        CORE, dg.DagsterEventType.ASSET_MATERIALIZATION, [VERSION_TAG], asset_partitions=list(versions)
    )
    return [month for month, version in versions.items() if published.get(month, {}).get(VERSION_TAG) != version]


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


def _reconciled(
    warehouse: duckdb.DuckDBPyConnection, month: str, before: Accounts, after: Accounts
) -> dg.AssetCheckEvaluation:
    accounts = agreed(before, after)
    wrong = unreconciled(warehouse, month, accounts, whole=before == after)
    counts = [counts for datasets in accounts.values() for counts in datasets.values()]
    return dg.AssetCheckEvaluation(
        asset_key=CORE,
        check_name=RECONCILED.name,
        partition=month,
        passed=not wrong,
        blocking=True,
        metadata={
            "機關 agencies": len(accounts),
            "讀入 read": sum(read for _, read, _, _ in counts),
            "入檔 entered": sum(entered for _, _, entered, _ in counts),
            "退件 refused": sum(refused for _, _, _, refused in counts),
            "不符 wrong": [str(one) for one in wrong[:_SHOWN]],
        },
    )


def _shown(platform: Platform, warehouse: duckdb.DuckDBPyConnection, month: str) -> dict[str, Any]:
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM core.{name} WHERE month = $month" for name in RECORDS)  # noqa: S608 — our own names
    rows = dict(warehouse.execute(counts, {"month": month}).fetchall())
    table = markdown(["資料表 table", "筆數 rows"], [(f"core.{name}", rows[name]) for name in RECORDS])
    return {
        "dagster/row_count": sum(rows.values()),
        "資料表 tables": dg.MetadataValue.md(table),
        "warehouse": dg.MetadataValue.path(str(platform.home.warehouse)),
    }


@dg.asset(
    key=CORE,
    partitions_def=MONTHS,
    deps=[reviews],
    check_specs=[RECONCILED],
    group_name="warehouse",
    kinds={"duckdb", "parquet"},
    description="差勤明細：該月入檔的紀錄發布至 warehouse.duckdb，讀者不受影響\n\n"
    "The month's records in `warehouse.duckdb`, built beside the old file and swapped in: readers are never blocked. "
    "Holds no name and no national ID.",
)
def core_tables(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
    """Publish one month."""
    (done,) = publish_months(platform, [context.partition_key])
    check = done.check
    return dg.MaterializeResult(
        metadata=done.metadata,
        check_results=[dg.AssetCheckResult(passed=check.passed, check_name=check.check_name, metadata=check.metadata)],
        data_version=dg.DataVersion(done.version),
    )
