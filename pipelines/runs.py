"""Running months from the command line: the Dagster job of the schedules, in this process.

The runs are in Dagster's own records, and in its browser, like any other.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeExecutionError
from dagster._core.utils import make_new_run_id

from assets import run_locks
from assets.channel_health import ChannelHealth, health_of
from assets.entering import AgencyOutcome
from assets.landing import ChannelsDown
from assets.partitions import MONTHS
from assets.platform import Platform
from assets.pull_report import PullReport
from pipelines.dagster_home import prepare
from pipelines.definitions import defs
from pipelines.jobs import enter_month_of_all, monthly, pull_month
from pipelines.resources import now, platform
from pipelines.run_lines import run_lines
from pipelines.settings import Settings
from warehouse.ledger import lifecycle


class UnknownMonth(ValueError):  # noqa: N818 — reads as what it is
    """A month that is no partition of ours: before the collection began, or in the future."""


@dataclass(frozen=True)
class MonthRun:
    """What the run of one month did: what was pulled, how the channels did, and each submission's result."""

    month: str
    run_id: str
    pulled: PullReport
    channels: Sequence[ChannelHealth]
    outcomes: Sequence[AgencyOutcome]

    @property
    def refused(self) -> list[AgencyOutcome]:
        """Submissions that were refused."""
        return [one for one in self.outcomes if one.state == lifecycle.REFUSED]

    @property
    def with_errors(self) -> list[AgencyOutcome]:
        """Submissions that were entered without some of their records."""
        return [one for one in self.outcomes if one.state == lifecycle.ENTERED_WITH_ERRORS]


@dataclass
class RunReport:
    """What `attendance run` did, month by month."""

    months: list[MonthRun] = field(default_factory=list)

    @property
    def has_faults(self) -> bool:
        """Whether any data was refused, in part or whole, or could not be fetched: exit code 1."""
        return any(one.refused or one.with_errors or one.pulled.failures for one in self.months)

    @property
    def is_down(self) -> bool:
        """Whether a channel was down in any of the months: exit code 2."""
        return any(health.is_down for one in self.months for health in one.channels)


def run_month(
    settings: Settings,
    months: Sequence[str],
    agencies: Collection[str] = (),
    *,
    debug: bool = False,
    actor: str = "attendance run",
    on_month: Callable[[MonthRun], None] | None = None,
    clock: Callable[[], datetime] = now,
) -> RunReport:
    """Execute the job `monthly` for each month in turn; no agencies named means all.

    `on_month` is told of each as it is done; `clock` gives the moment that deadlines are judged by.  Raises what a
    stage raised (`SourcesError`, `PublishingBusy`, `StoreIncomplete`, `LandingDamaged`, OSError), `UnknownMonth`;
    months done stay done.
    """
    for month in months:
        if not MONTHS.has_partition_key(month):
            known = MONTHS.get_partition_keys()
            raise UnknownMonth(f"{month}: 月份須在 {known[0]} 至 {known[-1]} 之間 must be within these")
    job, report = defs.resolve_job_def(monthly.name), RunReport()
    with _opened(settings, actor, clock) as (opened, instance):
        for month in months:
            report.months.append(run_one(job, instance, opened, month, sorted(agencies), debug=debug))
            if on_month:
                on_month(report.months[-1])
    return report


def run_job(settings: Settings, job: str, partition: str | None, config: Mapping[str, Any], *, actor: str) -> str:
    """Execute any job of ours for a partition (None: the job has none) as its schedule does, in this process; its run.

    Raises what a stage raised, ValueError for a partition that there is not.
    """
    with _opened(settings, actor) as (opened, instance):
        run_id = make_new_run_id()
        _execute(defs.resolve_job_def(job), instance, opened, partition, config, run_id=run_id, debug=False)
        return run_id


@contextmanager
def _opened(
    settings: Settings, actor: str, clock: Callable[[], datetime] = now
) -> Iterator[tuple[Platform, dg.DagsterInstance]]:
    opened = platform(settings, actor=actor, clock=clock)
    try:
        with dg.DagsterInstance.from_config(str(prepare(settings))) as instance:
            yield opened, instance
    finally:
        opened.engine.dispose()


def run_one(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    opened: Platform,
    month: str,
    agencies: Sequence[str] = (),
    *,
    debug: bool = False,
) -> MonthRun:
    """Execute the job `monthly`, resolved, for a month that is a partition; a channel that is down is in the result."""
    chosen = {"config": {"agencies": list(agencies)}}
    config = {"ops": {pull_month.name: chosen, enter_month_of_all.name: chosen}}
    run_id, limit = make_new_run_id(), opened.pull_limits.failed_share
    try:
        result = _execute(job, instance, opened, month, config, run_id=run_id, debug=debug)
    except ChannelsDown as error:  # all other work of the run is done
        outcomes = error.entry.outcomes if error.entry else []
        return MonthRun(month, run_id, error.report, health_of(error.report, limit), outcomes)
    report, entry = result.output_for_node(pull_month.name), result.output_for_node(enter_month_of_all.name)
    return MonthRun(month, run_id, report, health_of(report, limit), entry.outcomes)


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    opened: Platform,
    partition: str | None,
    config: Mapping[str, Any],
    *,
    run_id: str,
    debug: bool,
) -> dg.ExecuteInProcessResult:
    try:
        with (
            run_locks.holding(run_locks.folder_of(opened.home), run_id),
            run_lines(instance, run_id, job.name, partition),
        ):
            return job.execute_in_process(
                run_id=run_id,
                tags=run_locks.tags(),
                instance=instance,
                partition_key=partition,
                resources={"platform": opened},
                run_config={
                    **config,
                    # What goes wrong is raised, and said in one line by whoever catches it.
                    "loggers": {"console": {"config": {"log_level": "DEBUG" if debug else "CRITICAL"}}},
                },
            )
    except DagsterUserCodeExecutionError as error:
        raise error.user_exception from error
    except dg.DagsterExecutionInterruptedError as error:  # not an Exception: Dagster's own word for Ctrl-C
        raise KeyboardInterrupt from error
