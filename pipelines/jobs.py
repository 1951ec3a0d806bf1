"""The jobs: what is run together, and how.

`monthly` and `entry` are made of ops, not of the assets' own steps, because Dagster allows only one partitioning in
an asset job, and because a run that is partitioned by agency and month writes two events for each of its partitions
before and beside what it marks.  These run by month, take every agency in bulk, and log one materialisation and one
check result for each agency-month, after all data work (docs/dagster.md has the numbers).  The functions that the ops
call are those of the assets.
"""

from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from pydantic import Field

from assets.entry import (
    Entry,
    accounting,
    enter_month,
    known,
    months_outside,
    not_accounted_for,
)
from assets.intake import PullReport
from assets.intake import pull as bring_in
from assets.landing import pulled, submissions_landed
from assets.marks import events, marks_of
from assets.partitions import MONTHS
from assets.platform import Platform
from assets.publishing import CORE, core_tables, publish_month, publish_now
from assets.register import know_register
from assets.reports import MONTHLY_COUNTS, SUMMARY, monthly_counts, submission_ratios, summary
from assets.reviewing import review
from assets.reviews import reviews, shown
from assets.telling import remember, say, tell, untold
from warehouse.ledger.engine import reading


class Chosen(dg.Config):
    """Which agencies; none named means all."""

    agencies: list[str] = Field(default_factory=list)

    @property
    def codes(self) -> list[str] | None:
        """The codes as the stages take them."""
        return self.agencies or None


def _materialized(asset: dg.AssetsDefinition, month: str, metadata: dict[str, Any]) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(asset.key, partition=month, metadata=metadata)


@dg.op(description="收檔：經各管道取得該月報送 Pull the month through every channel")
def pull_month(context: dg.OpExecutionContext, config: Chosen, platform: dg.ResourceParam[Platform]) -> PullReport:
    """Pull; a channel's failures are listed, never raised.

    Where nothing new came it is an observation, so that Dagster does not call every agency-month out of date.
    """
    month = context.partition_key
    report = bring_in(platform, month, config.codes)
    event = dg.AssetMaterialization if report.arrived else dg.AssetObservation
    context.log_event(event(submissions_landed.key, partition=month, metadata=pulled(report)))
    return report


@dg.op(
    ins={"after": dg.In(dg.Nothing)},
    description="入檔：檢誤並儲存 Check and store what waits; of all agencies, also what names no month of ours",
)
def enter_month_of_all(context: dg.OpExecutionContext, config: Chosen, platform: dg.ResourceParam[Platform]) -> Entry:
    """Enter, and stop where the records do not add up."""
    if config.codes is None:
        for month in months_outside(platform):
            enter_month(platform, month)
    entry = enter_month(platform, context.partition_key, config.codes)
    result = accounting([entry])
    say(context, result)
    if not result.passed:
        raise dg.Failure(f"筆數不符 records do not add up: {', '.join(not_accounted_for([entry])[:10])}")
    return entry


@dg.op(description="跨檔檢核：額度、往月、人數、兩機關支薪 The rules across submissions, wherever the month matters")
def review_what_changed(context: dg.OpExecutionContext, entry: Entry, platform: dg.ResourceParam[Platform]) -> Entry:
    """Review; other months whose findings are others now are published here, the month itself by what follows."""
    reviewed = review(platform)
    context.log_event(_materialized(reviews, entry.month, shown(reviewed)))
    others = [month for month in reviewed.months if month != entry.month]
    if others:
        publish_now(platform, others)
    return entry


@dg.op(description="發布：更新 warehouse.duckdb 與報表 Publish the month and the reports")
def publish_one_month(context: dg.OpExecutionContext, entry: Entry, platform: dg.ResourceParam[Platform]) -> Entry:
    """Publish, and show what readers now see."""
    month = entry.month
    check, metadata = publish_month(platform, month)
    context.log_event(_materialized(core_tables, month, metadata))
    say(context, check)
    if not check.passed:
        raise dg.Failure(f"對帳不符 records do not reconcile: {CORE.to_user_string()} {month}")
    context.log_event(_materialized(monthly_counts, month, MONTHLY_COUNTS.show(platform, month)))
    context.log_event(_materialized(summary, month, SUMMARY.show(platform, month)))
    return entry


@dg.op(description="標示各機關入檔情形 Mark each agency-month in Dagster's grid")
def mark_agency_months(context: dg.OpExecutionContext, entry: Entry, platform: dg.ResourceParam[Platform]) -> None:
    """Tell Dagster what this run judged, and whatever else of the month it does not know or knows otherwise.

    A run that died before or while it marked is made good here, as is what was withdrawn, or a Dagster home made anew.
    """
    know_register(platform, context.instance)
    rules = {mark.submission_id: mark.rules for mark in entry.marks}
    with reading(platform.engine) as session:
        marks = known(context.instance, marks_of(session, entry.month, rules=rules))
    new = {mark.agency_code for mark in untold(context.instance, entry.month, marks)}
    judged = {mark.agency_code for mark in entry.marks}
    said = [mark for mark in marks if mark.agency_code in new | judged]
    tell(context, events(said))
    remember(context.instance, entry.month, said)


@dg.job(
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="每月作業：收檔、入檔、發布、報表\n\nA month from the channels to the reports; what the schedules, "
    "the sensor and `attendance run` execute.",
)
def monthly() -> None:
    """Pull, enter, review, publish, mark."""
    mark_agency_months(publish_one_month(review_what_changed(enter_month_of_all(after=pull_month()))))


@dg.job(
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="入檔作業：不收檔，僅處理已收到者\n\nThe same without pulling: for what has arrived already.",
)
def entry() -> None:
    """Enter, review, publish, mark."""
    mark_agency_months(publish_one_month(review_what_changed(enter_month_of_all())))


@dg.job(
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="收檔作業：僅收檔\n\nPull a month; the sensor then has it entered.",
)
def pull() -> None:
    """Pull."""
    pull_month()


yearly_ratios_job = dg.define_asset_job(
    "yearly_ratios",
    selection=[submission_ratios],
    executor_def=dg.in_process_executor,
    description="年度比例作業：機關報送比例表\n\nThe year's submission ratios.",
)
publish_job = dg.define_asset_job(
    "publish",
    selection=[reviews, core_tables, monthly_counts, summary],
    executor_def=dg.in_process_executor,
    description="發布作業：重新發布該月\n\nPublish a month anew, as after a backfill of agency-months.",
)

JOBS: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [monthly, entry, pull, publish_job, yearly_ratios_job]
