"""Stage 2, landing: the month's submissions are pulled and kept, byte for byte."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.partitions import MONTHS
from assets.platform import Platform
from assets.previews import ROWS, markdown
from assets.pull_report import PullReport
from assets.register import agency_register

if TYPE_CHECKING:
    from assets.agenda import Asked


def pulled(report: PullReport, asked: "Asked | None" = None) -> dict[str, Any]:
    """What a pull brought, as metadata: counts by channel, the agencies that failed; whom the calendar had it ask."""
    outcomes = [(channel, outcome, count) for (channel, outcome), count in sorted(report.outcomes.items())]
    failures = [(one.channel, one.agency_code or one.source, one.reason) for one in report.failures[:ROWS]]
    return {
        **({} if asked is None else _asked(asked)),
        "新報送 new submissions": report.arrived,
        "失敗機關 failed": len(report.failures),
        "結果 outcomes": dg.MetadataValue.md(markdown(["管道 channel", "結果 outcome", "機關 agencies"], outcomes)),
        "失敗原因 failures": dg.MetadataValue.md(
            f"前 {len(failures)} 件，共 {len(report.failures)} 件 the first of all\n\n"
            + markdown(["管道 channel", "機關或檔案 agency or file", "原因 reason"], failures)
        ),
    }


def _asked(asked: "Asked") -> dict[str, Any]:
    unanswered, answered = (sum(map(len, one.values())) for one in (asked.unanswered, asked.answered))
    return {
        "未回覆 had not answered": unanswered,
        "已回覆，僅取異動 changes only": answered,
        "不再詢問 not asked": asked.left,
    }


@dg.asset(
    partitions_def=MONTHS,
    deps=[agency_register],
    group_name="intake",
    kinds={"python", "json"},
    description="收檔：自 WebITR、WebHR 及收件匣取得該月的報送檔，原樣永久保存\n\n"
    "The month's submissions, pulled from WebITR, WebHR and the inbox into landing, kept byte for byte. "
    "A channel that is down costs its own agencies only; they are listed.",
)
def submissions_landed(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """Pull one month."""
    from assets.intake import pull

    return dg.MaterializeResult(metadata=pulled(pull(platform, context.partition_key)))
