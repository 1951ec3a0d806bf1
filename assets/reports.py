"""Stage 5, the three reports: built by publishing, shown and counted here.

Their definitions are SQL in `warehouse/reports`; these assets say of each month or year that its report is there, how
many rows it has, and show its first lines.
"""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.core_tables import core_tables
from assets.partitions import MONTHS, MONTHS_OF_YEAR, YEARS
from assets.platform import Platform
from assets.previews import ROWS, ask, markdown


@dataclass(frozen=True)
class Report:
    """A report's table, how its rows of a partition are found, and the preview: SQL and headings."""

    table: str
    where: str
    preview: str
    headings: tuple[str, ...]

    def show(self, platform: Platform, partition: str) -> dict[str, Any]:
        """Metadata of a month or year: rows, and the preview as a table."""
        from warehouse.publish.fetching import newest_here

        newest_here(platform.home, platform.clock(), platform.grace)
        warehouse, values = platform.home.warehouse, {"partition": partition}
        (rows,) = ask(warehouse, f"SELECT count(*) FROM reports.{self.table} WHERE {self.where}", values)[0]  # noqa: S608
        lines = ask(warehouse, f"{self.preview} LIMIT {ROWS}", values)
        return {
            "dagster/row_count": rows,
            "預覽 preview": dg.MetadataValue.md(markdown(self.headings, lines)),
            "warehouse": dg.MetadataValue.path(str(warehouse)),
            "匯出 export": f"attendance report {self.table.replace('_', '-')}",
        }


MONTHLY_COUNTS = Report(
    "monthly_counts",
    "month = $partition",
    "SELECT dataset, count(*), sum(submitted)::BIGINT, sum(entered)::BIGINT, sum(refused)::BIGINT, sum(warned)::BIGINT "
    "FROM reports.monthly_counts WHERE month = $partition GROUP BY ALL ORDER BY 1",
    ("資料集", "機關數", "報送筆數", "入檔筆數", "退件筆數", "警告筆數"),
)
SUMMARY = Report(
    "summary",
    "month = $partition",
    "SELECT leave_type, persons, records, hours, days "
    "FROM reports.summary WHERE month = $partition AND scope = 'country' ORDER BY 1",
    ("假別", "人數", "筆數", "時數", "日數"),
)
SUBMISSION_RATIOS = Report(
    "submission_ratios",
    "year = $partition::INTEGER",
    "SELECT agency_name, due, submitted, on_time, missing, agency_ratio, on_time_ratio "
    "FROM reports.submission_ratios WHERE year = $partition::INTEGER AND scope <> 'agency' ORDER BY scope DESC, 1",
    ("主管機關", "應報送數", "已報送數", "準時數", "未報送數", "機關報送率 %", "準時報送率 %"),
)


@dg.asset(
    partitions_def=MONTHS,
    deps=[core_tables],
    group_name="reports",
    kinds={"duckdb", "sql"},
    description="機關每月筆數統計表\n\nRecords of each agency and dataset: submitted = entered + refused; headcount.",
)
def monthly_counts(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """Show one month of the monthly counts."""
    return dg.MaterializeResult(metadata=MONTHLY_COUNTS.show(platform, context.partition_key))


@dg.asset(
    partitions_def=MONTHS,
    deps=[core_tables],
    group_name="reports",
    kinds={"duckdb", "sql"},
    description="彙整總表\n\nPersons, records, hours and days by leave type (and overtime), for each agency, each "
    "authority with all below it, and the whole country.",
)
def summary(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
    """Show one month of the summary."""
    return dg.MaterializeResult(metadata=SUMMARY.show(platform, context.partition_key))


@dg.asset(
    partitions_def=YEARS,
    deps=[dg.AssetDep(core_tables, partition_mapping=MONTHS_OF_YEAR)],
    group_name="reports",
    kinds={"duckdb", "sql"},
    description="機關報送比例表\n\nHow much of what was due was submitted, and on time, by authority and agency; "
    "months whose deadline has passed.",
)
def submission_ratios(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """Show one year of the submission ratios; published anew, as another deadline may have passed since."""
    from assets.publishing import publish_now

    publish_now(platform, ())
    return dg.MaterializeResult(metadata=SUBMISSION_RATIOS.show(platform, context.partition_key))
