"""The job and the schedule by which notices go out by themselves.

Every ten minutes it is asked whether there is anything to tell, which costs a few questions to the ledger; only then a
run is started.  Runs may overlap: each notice has one sender.
"""

import dagster as dg

from assets.partitions import TAIPEI
from assets.platform import Platform
from pipelines import default_status


@dg.op(out=dg.Out(dg.Nothing), description="通知：發送應發的通知 Send what is to be told, each once")
def send_notices(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    """Send; fails where a way is down or a notice is left uncertain, so that somebody looks."""
    from assets.notices.sending import tell

    told = tell(platform)
    uncertain = told.uncertain + told.became["uncertain"]
    context.add_output_metadata(
        {
            "新增 queued": told.queued,
            **{state: number for state, number in sorted(told.became.items()) if number},
            "無信箱機關 agencies without an address": len(told.unreachable),
        }
    )
    if told.down:
        raise dg.Failure("; ".join(f"{way} 無法連線 does not answer: {why}" for way, why in told.down.items()))
    if uncertain:
        raise dg.Failure(f"{uncertain} 則不確定是否送達 uncertain: attendance notices list --state uncertain")


@dg.job(
    executor_def=dg.in_process_executor,
    description="通知作業：催報、退件、有誤、更正、主管機關摘要\n\nNotices to agencies and supervising authorities, "
    "by mail and webhook; the same as `attendance notices send`.",
)
def notices() -> None:
    """Tell."""
    send_notices()


@dg.schedule(
    cron_schedule="*/10 * * * *",
    job=notices,
    execution_timezone=TAIPEI,
    default_status=default_status.SCHEDULES,
    description="每 10 分鐘：有應發的通知即發送 Every ten minutes, where there is anything to tell",
)
def tell_when_due(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.RunRequest | dg.SkipReason:
    """A run where a way is set up and something waits."""
    if not platform.notices.transports:
        return dg.SkipReason(
            "尚未設定通知管道 no way to tell anybody is set up (notices.smtp_url, notices.webhook_url)"
        )
    from assets.notices.sending import is_due

    if not is_due(platform):
        return dg.SkipReason("沒有應發的通知 nothing to tell")
    return dg.RunRequest(run_key=f"notices {context.scheduled_execution_time.isoformat()}")
