"""The jobs: what is run together, and how.

`monthly` and `entry` are made of ops, not of the assets' own steps, because Dagster allows only one partitioning in
an asset job, and because a run that is partitioned by agency and month writes two events for each of its partitions
before and beside what it marks.  These run by month, take every agency in bulk, and log one materialisation and one
check result for each agency-month, after all data work (docs/dagster.md has the numbers).  The functions that the ops
call are those of the assets.
"""

from collections.abc import Collection
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from pydantic import Field

from assets.core_tables import behind, core_tables
from assets.entry import (
    Entry,
    accounting,
    enter_month,
    known,
    months_outside,
    not_accounted_for,
)
from assets.landing import channels_answered, pulled, raise_if_down, submissions_landed
from assets.late_and_missing import late_and_missing
from assets.marks import events, marks_of
from assets.partitions import MONTHS
from assets.platform import Platform
from assets.pull_report import PullReport
from assets.register import know_register
from assets.reports import SUBMISSION_RATIOS, monthly_counts, submission_ratios, summary
from assets.reviews import reviews, shown
from assets.telling import reckon_grid, remember, say, tell, untold
from pipelines.publication import materialized, publish, publish_each
from warehouse.ledger.engine import reading


class Chosen(dg.Config):
    """Which agencies; none named means all."""

    agencies: list[str] = Field(default_factory=list)

    @property
    def codes(self) -> list[str] | None:
        """The codes as the stages take them."""
        return self.agencies or None


class ToPull(Chosen):
    """Whom to ask: those chosen, or with `as_due` those whom the calendar of duties says are to be asked now."""

    as_due: bool = False


class Months(dg.Config):
    """Which months; none named means all that are behind."""

    months: list[str] = Field(default_factory=list)


#: What the schedule has the job `pull` do.
AS_DUE = {"ops": {"pull_month": {"config": {"as_due": True}}}}


def only(months: Collection[str]) -> dict[str, Any]:
    """Have the job `catch_up` publish these months alone."""
    return {"ops": {publish_what_is_behind.name: {"config": {"months": list(months)}}}}


@dg.op(description="收檔：經各管道取得該月報送 Pull the month through every channel")
def pull_month(context: dg.OpExecutionContext, config: ToPull, platform: dg.ResourceParam[Platform]) -> PullReport:
    """Pull; a channel's failures are listed, never raised.

    Only the first of a month is a materialisation: after another, Dagster would call the month of every agency that
    had nothing new "unsynced", though whatever came is entered and marked by the same run.
    """
    from assets.agenda import asked_of
    from assets.pull import pull as bring_in

    month = context.partition_key
    asked = asked_of(platform, month) if config.as_due else None
    report = bring_in(platform, month, asked.agencies if asked else config.codes)
    held = dg.AssetRecordsFilter(submissions_landed.key, asset_partitions=[month])
    first = report.arrived and not context.instance.fetch_materializations(held, limit=1).records
    event = dg.AssetMaterialization if first else dg.AssetObservation
    context.log_event(event(submissions_landed.key, partition=month, metadata=pulled(report, asked)))
    say(context, channels_answered(platform, report))
    return report


@dg.op(description="管道是否中斷：超過設定上限者本作業視為失敗 Fail where a channel was down, after all work is done")
def judge_channels(report: PullReport, entry: Entry, platform: dg.ResourceParam[Platform]) -> None:
    """The last op of a run that pulled: what was brought is entered and published whatever it says."""
    raise_if_down(platform, report, entry)


@dg.op(description="管道是否中斷：超過設定上限者本作業視為失敗 Fail where a channel was down")
def judge_pull(report: PullReport, platform: dg.ResourceParam[Platform]) -> None:
    """The same where nothing was entered."""
    raise_if_down(platform, report)


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
    from assets.reviewing import review

    reviewed = review(platform)
    context.log_event(materialized(reviews, entry.month, shown(reviewed)))
    others = [month for month in reviewed.months if month != entry.month]
    if others:
        publish(context, platform, others)
    return entry


@dg.op(description="發布：更新 warehouse.duckdb 與報表 Publish the month and the reports")
def publish_one_month(context: dg.OpExecutionContext, entry: Entry, platform: dg.ResourceParam[Platform]) -> Entry:
    """Publish, and show what readers now see."""
    publish(context, platform, [entry.month])
    return entry


@dg.op(out=dg.Out(dg.Nothing), description="跨檔檢核：凡有異動者 Review whatever has changed")
def review_all(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Review; what that changes is behind, and published by what follows."""
    from assets.reviewing import review

    reviewed = review(platform)
    for month in reviewed.months:
        context.log_event(materialized(reviews, month, shown(reviewed)))


@dg.op(
    ins={"after": dg.In(dg.Nothing)}, description="發布落後的月份，各一次 Publish the months that are behind, each once"
)
def publish_what_is_behind(
    context: dg.OpExecutionContext, config: Months, platform: dg.ResourceParam[Platform]
) -> list[str]:
    """Publish the months, or those of them that were named, of which the ledger knows more than was published.

    All in one go; where that fails each for itself, so that one month's trouble withholds no other.
    """
    months = [month for month in behind(platform, context.instance) if not config.months or month in config.months]
    if months:
        try:
            publish(context, platform, months)
        except Exception:
            if len(months) == 1:
                raise
            publish_each(context, platform, months)
    return months


@dg.op(description="各年度報送比例，各一次 The ratios of the years that these months are in, each once")
def ratios_of_years(context: dg.OpExecutionContext, months: list[str], platform: dg.ResourceParam[Platform]) -> None:
    """Show each year's ratios, which the publishing has just reckoned."""
    for year in sorted({month[:4] for month in months}):
        context.log_event(materialized(submission_ratios, year, SUBMISSION_RATIOS.show(platform, year)))


@dg.op(description="標示各機關入檔情形 Mark each agency-month in Dagster's grid")
def mark_agency_months(context: dg.OpExecutionContext, entry: Entry, platform: dg.ResourceParam[Platform]) -> Entry:
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
    reckon_grid(context.instance)
    return entry


@dg.job(
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="每月作業：收檔、入檔、發布、報表\n\nA month from the channels to the reports; what the schedules, "
    "the sensor and `attendance run` execute.",
)
def monthly() -> None:
    """Pull, enter, review, publish, mark; then judge the channels."""
    report = pull_month()
    entered = enter_month_of_all(after=report)
    judge_channels(report, mark_agency_months(publish_one_month(review_what_changed(entered))))


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
    """Pull, and judge the channels."""
    judge_pull(pull_month())


@dg.job(
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="補送入檔：僅入檔與標示，發布由 catch_up 接續；可依機關回填多個月份\n\nEnter and mark only, for "
    "backfills of many months by agencies that are not neighbours; `catch_up` publishes what came of it, a month once.",
)
def late_entry() -> None:
    """Enter, mark."""
    mark_agency_months(enter_month_of_all())


@dg.job(
    executor_def=dg.in_process_executor,
    description="補發布：檢核、發布凡是落後於帳冊的月份，並計算其年度比例，各一次\n\nReview, publish every month "
    "that is behind the ledger, and show the year's ratios, each once; the sensor starts it when nothing else goes on.",
)
def catch_up() -> None:
    """Review, publish, ratios."""
    ratios_of_years(publish_what_is_behind(after=review_all()))


look_job = dg.define_asset_job(
    "look",
    selection=[late_and_missing],
    executor_def=dg.in_process_executor,
    description="逾期與未報送：重新製作該頁\n\nMake the page of who is late and missing anew.",
)
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

JOBS: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [
    monthly,
    entry,
    late_entry,
    pull,
    catch_up,
    publish_job,
    yearly_ratios_job,
    look_job,
]
