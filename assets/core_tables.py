"""The asset over `assets.publishing`: a month's records in `warehouse.duckdb`, and whether they reconcile."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.partitions import MONTHS
from assets.platform import Platform
from assets.previews import markdown
from assets.reviews import reviews
from warehouse.ledger.engine import reading
from warehouse.ledger.versions import Moment, months_judged, months_touched, version_of

if TYPE_CHECKING:
    from assets.publishing import PublishedMonth

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

#: A month is closed every month: without any publishing for longer than that, nobody closed.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=35), warn_window=timedelta(days=32))


def behind(
    platform: Platform, instance: dg.DagsterInstance, since: Moment | None = None, also: Collection[str] = ()
) -> list[str]:
    """Months whose newest publishing, as Dagster knows it, was of another version than the ledger now has.

    Of all months that are partitions, or of those touched since a moment and `also` these.  A run that died between
    entering and publishing leaves such months, as does a backfill of agency-months.
    """
    with reading(platform.engine) as session:
        looked_at = months_judged(session) if since is None else sorted({*months_touched(session, since), *also})
        versions = {month: version_of(session, month) for month in looked_at if MONTHS.has_partition_key(month)}
    published = instance.event_log_storage.get_latest_tags_by_partition(
        CORE, dg.DagsterEventType.ASSET_MATERIALIZATION, [VERSION_TAG], asset_partitions=list(versions)
    )
    return [month for month, version in versions.items() if published.get(month, {}).get(VERSION_TAG) != version]


def reconciled(done: "PublishedMonth") -> dg.AssetCheckEvaluation:
    """The blocking check of a month that was published."""
    return dg.AssetCheckEvaluation(
        asset_key=CORE,
        check_name=RECONCILED.name,
        partition=done.month,
        passed=not done.wrong,
        blocking=True,
        metadata={
            "機關 agencies": done.agencies,
            "讀入 read": done.read,
            "入檔 entered": done.entered,
            "退件 refused": done.refused,
            "不符 wrong": list(done.wrong[:_SHOWN]),
        },
    )


def shown(platform: Platform, done: "PublishedMonth") -> dict[str, Any]:
    """What Dagster shows of it."""
    table = markdown(["資料表 table", "筆數 rows"], [(f"core.{name}", rows) for name, rows in done.rows.items()])
    return {
        "dagster/row_count": sum(done.rows.values()),
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
    freshness_policy=FRESH,
    description="差勤明細：該月入檔的紀錄發布至 warehouse.duckdb，讀者不受影響\n\n"
    "The month's records in `warehouse.duckdb`, built beside the old file and swapped in: readers are never blocked. "
    "Holds no name and no national ID.",
)
def core_tables(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
    """Publish one month."""
    from assets.publishing import publish_months

    (done,) = publish_months(platform, [context.partition_key])
    check = reconciled(done)
    return dg.MaterializeResult(
        metadata=shown(platform, done),
        check_results=[dg.AssetCheckResult(passed=check.passed, check_name=check.check_name, metadata=check.metadata)],
        data_version=dg.DataVersion(done.version),
    )
