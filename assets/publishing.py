"""Stage 4, publishing: `warehouse.duckdb` built beside the old and swapped in; nothing before it depends on it."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import duckdb

from assets.partitions import MONTHS
from assets.platform import Platform
from assets.previews import markdown
from assets.reviews import reviews
from warehouse.ledger.engine import reading
from warehouse.publish import Published, publish
from warehouse.publish.database import open_warehouse
from warehouse.publish.partitions import RECORDS
from warehouse.reconciliation import accounts_of, agreed, unreconciled

CORE = dg.AssetKey("core_tables")

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


def publish_month(platform: Platform, month: str) -> tuple[dg.AssetCheckEvaluation, dict[str, Any]]:
    """Publish the month; the check's result and the metadata to show.

    Raises `warehouse.publish.PublishingBusy` or `StoreIncomplete`.
    """
    with reading(platform.engine) as session:
        before = accounts_of(session, month)
    publish_now(platform, [month])
    with reading(platform.engine) as session:
        after = accounts_of(session, month)
    accounts = agreed(before, after)
    with open_warehouse(platform.home.warehouse) as warehouse:
        wrong = unreconciled(warehouse, month, accounts, whole=before == after)
        rows = _published(warehouse, month)
    table = markdown(["資料表 table", "筆數 rows"], [(f"core.{name}", rows[name]) for name in RECORDS])
    metadata = {
        "dagster/row_count": sum(rows.values()),
        "資料表 tables": dg.MetadataValue.md(table),
        "warehouse": dg.MetadataValue.path(str(platform.home.warehouse)),
    }
    counts = [counts for datasets in accounts.values() for counts in datasets.values()]
    check = dg.AssetCheckEvaluation(
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
    return check, metadata


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


def _published(warehouse: duckdb.DuckDBPyConnection, month: str) -> dict[str, int]:
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM core.{name} WHERE month = $month" for name in RECORDS)  # noqa: S608 — our own names
    return dict(warehouse.execute(counts, {"month": month}).fetchall())


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
    check, metadata = publish_month(platform, context.partition_key)
    return dg.MaterializeResult(
        metadata=metadata,
        check_results=[dg.AssetCheckResult(passed=check.passed, check_name=check.check_name, metadata=check.metadata)],
    )
