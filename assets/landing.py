"""Stage 2, landing: the month's submissions are pulled and kept, byte for byte."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.channel_health import ChannelHealth, health_of
from assets.partitions import MONTHS
from assets.platform import Platform
from assets.previews import ROWS, markdown
from assets.pull_report import NotBrought, PullReport
from assets.register import agency_register

if TYPE_CHECKING:
    from assets.agenda import Asked
    from assets.entry import Entry

LANDED = dg.AssetKey("submissions_landed")

#: 管道運作 The judgement of `assets/channel_health.py`; what the other channels brought is entered all the same.
CHANNELS_ANSWERED = dg.AssetCheckSpec(
    "channels_answered",
    asset=LANDED,
    partitions_def=MONTHS,
    description="各管道收件失敗之機關未超過設定上限 | No channel failed for more of its agencies than the limit of the "
    "settings (pull_failed_share); a channel above it is down",
)


class ChannelsDown(dg.Failure):
    """A pull of which a channel was down: the run fails, after all that the others brought was dealt with.

    `report` is that of the pull, `entry` what the run entered (None: it only pulled).
    """

    def __init__(self, health: Sequence[ChannelHealth], report: PullReport, entry: "Entry | None" = None) -> None:
        self.report, self.entry = report, entry
        down = "；".join(str(one) for one in health if one.is_down)
        super().__init__(f"管道中斷 channels are down: {down}", allow_retries=False)


def raise_if_down(platform: Platform, report: PullReport, entry: "Entry | None" = None) -> None:
    """Raise `ChannelsDown` where any channel of the pull is."""
    health = health_of(report, platform.pull_limits.failed_share)
    if any(one.is_down for one in health):
        raise ChannelsDown(health, report, entry)


def channels_answered(platform: Platform, report: PullReport) -> dg.AssetCheckEvaluation:
    """The check of a pull: how each channel did, with the causes by host and reason."""
    health = health_of(report, platform.pull_limits.failed_share)
    rows = [
        (one.channel, one.asked, one.failed, f"{one.limit:.0%}", "中斷 down" if one.is_down else "正常 ok")
        for one in health
    ]
    causes = [tuple(group) for group in report.groups()[:ROWS]]
    return dg.AssetCheckEvaluation(
        asset_key=LANDED,
        check_name=CHANNELS_ANSWERED.name,
        partition=report.month,
        passed=not any(one.is_down for one in health),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "管道 channels": dg.MetadataValue.md(
                markdown(["管道 channel", "詢問機關 asked", "失敗 failed", "上限 limit", "狀態 state"], rows)
            ),
            "失敗原因 causes": dg.MetadataValue.md(
                markdown(["管道 channel", "主機 host", "原因 reason", "機關數 agencies"], causes)
            ),
        },
    )


def pulled(report: PullReport, asked: "Asked | None" = None) -> dict[str, Any]:
    """What a pull brought, as metadata: counts by channel, the agencies that failed; whom the calendar had it ask."""
    outcomes = [(channel, outcome, count) for (channel, outcome), count in sorted(report.outcomes.items())]
    headings = ["管道 channel", "機關或檔案 agency or file", "主機 host", "原因 reason"]
    failures, without = _rows(report.failures), _rows(report.without_records)
    return {
        **({} if asked is None else _asked(asked)),
        "新報送 new submissions": report.arrived,
        "失敗機關 failed": len(report.failures),
        "結果 outcomes": dg.MetadataValue.md(markdown(["管道 channel", "結果 outcome", "機關 agencies"], outcomes)),
        "失敗原因 failures": dg.MetadataValue.md(
            f"前 {len(failures)} 件，共 {len(report.failures)} 件 the first of all\n\n" + markdown(headings, failures)
        ),
        "來源尚無本月資料機關 without records yet": len(report.without_records),
        "來源尚無本月資料 no records yet": dg.MetadataValue.md(
            f"前 {len(without)} 件，共 {len(report.without_records)} 件 the first of all\n\n"
            + markdown(headings, without)
        ),
    }


def _rows(months: Sequence[NotBrought]) -> list[tuple[str, str, str, str]]:
    return [(one.channel, one.agency_code or one.source, one.host, one.reason) for one in months[:ROWS]]


def _asked(asked: "Asked") -> dict[str, Any]:
    unanswered, answered = (sum(map(len, one.values())) for one in (asked.unanswered, asked.answered))
    return {
        "未回覆 had not answered": unanswered,
        "已回覆，僅取異動 changes only": answered,
        "不再詢問 not asked": asked.left,
    }


@dg.asset(
    key=LANDED,
    partitions_def=MONTHS,
    deps=[agency_register],
    check_specs=[CHANNELS_ANSWERED],
    group_name="intake",
    kinds={"python", "json"},
    description="收檔：自 WebITR、WebHR 及收件匣取得該月的報送檔，原樣永久保存\n\n"
    "The month's submissions, pulled from WebITR, WebHR and the inbox into landing, kept byte for byte. "
    "A channel that is down costs its own agencies only; they are listed.",
)
def submissions_landed(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.MaterializeResult[None]]:
    """Pull one month; fails, once what was brought is recorded, where a channel is down."""
    from assets.pull import pull

    report = pull(platform, context.partition_key)
    check = channels_answered(platform, report)
    yield dg.MaterializeResult(
        metadata=pulled(report),
        check_results=[
            dg.AssetCheckResult(
                passed=check.passed, check_name=check.check_name, metadata=check.metadata, severity=check.severity
            )
        ],
    )
    raise_if_down(platform, report)
