"""Everything that Dagster knows of: the assets, jobs, schedules and the sensor, and the resource `platform`.

Importing this opens nothing and works with any settings, of which it asks only whether the home is a demo's
(`default_status`); the platform is made when a run or the sensor needs it.
"""

from collections.abc import Iterator

import dagster as dg

from assets import run_locks
from assets.core_tables import core_tables
from assets.entry import agency_months
from assets.landing import submissions_landed
from assets.late_and_missing import late_and_missing
from assets.platform import Platform
from assets.register import agency_register
from assets.reports import monthly_counts, submission_ratios, summary
from assets.reviews import reviews
from pipelines.jobs import JOBS
from pipelines.resources import platform
from pipelines.run_lines import PARTITION_TAG, run_lines
from pipelines.schedules import SCHEDULES
from pipelines.sensors import SENSORS
from pipelines.settings import load_settings
from pipelines.telling_job import notices, tell_when_due


@dg.resource(description="本系統的設定、帳冊、收檔區與密鑰 The installation: its places, ledger and key")
def platform_resource(context: dg.InitResourceContext) -> Iterator[Platform]:
    """The platform of `ATTENDANCE_HOME`, for as long as a run or a tick takes."""
    opened = platform(load_settings())
    run, instance = context.run, context.instance
    try:
        if run is None or instance is None:  # a tick
            yield opened
        else:
            instance.add_run_tags(run.run_id, run_locks.tags())
            with (
                run_locks.holding(run_locks.folder_of(opened.home), run.run_id),
                run_lines(instance, run.run_id, run.job_name, run.tags.get(PARTITION_TAG)),
            ):
                yield opened
    finally:
        opened.engine.dispose()


defs = dg.Definitions(
    assets=[
        agency_register,
        submissions_landed,
        agency_months,
        reviews,
        core_tables,
        monthly_counts,
        summary,
        submission_ratios,
        late_and_missing,
    ],
    jobs=[*JOBS, notices],
    schedules=[*SCHEDULES, tell_when_due],
    sensors=SENSORS,
    resources={"platform": platform_resource},
    executor=dg.in_process_executor,
)
