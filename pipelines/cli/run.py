"""`attendance pull` and `attendance run`: bringing months in, as Dagster's jobs do it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, progress, say, say_json, table
from pipelines.cli.failures import CANNOT, DONE, FAULTS_FOUND, CannotError
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from assets.channel_health import ChannelHealth
    from assets.pull_report import NotBrought, PullReport
    from pipelines.runs import MonthRun

#: What became of a submission or a fetch, as people read it.
_WORDS = {
    "delivered": "收到 delivered",
    "unchanged": "未變更 unchanged",
    "nothing": "來源尚無本月資料 no records yet",
    "failed": "失敗 failed",
    "not_configured": "未設定 not configured",
    "down": "管道中斷 down",
}
#: Lines that the terminal shows of what failed or was refused; the first line says so where there are more.
SHOWN = 50


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("pull", short_help="經各管道收件 bring a month in through the channels")(pull)
    app.command("run", short_help="收件至報表一次完成 a month from the channels to the reports")(run)


def pull(month: options.Month, agency: options.Agencies = None, output: options.Format = Format.TEXT) -> None:
    """經 WebITR、WebHR 及收件匣收件，不檢核 Bring a month in through the channels; checks nothing.

    Ends with 2 where a channel is down (it failed for more of its agencies than `pull_failed_share`), with 1 where it
    failed for some; what the others brought is kept.
    """
    from assets.channel_health import health_of
    from assets.pull import pull as pull_month
    from pipelines.cli.platform import opened

    with opened() as platform, progress(f"收件 pulling {roc(month)}") as advance:
        report = pull_month(
            platform, month, agency, on_progress=lambda done, total: advance(completed=done, total=total)
        )
        health = health_of(report, platform.pull_limits.failed_share)
    if output is Format.JSON:
        say_json(_pull_json(report, health))
    else:
        _say_pull(report, health)
    raise typer.Exit(_code(any(one.is_down for one in health), faults=bool(report.failures)))


def _code(down: bool, *, faults: bool) -> int:
    """The exit code of a pull and of a run: a channel that is down counts more than what is wrong with some data."""
    return CANNOT if down else FAULTS_FOUND if faults else DONE


def _pull_json(report: "PullReport", channels: "Sequence[ChannelHealth]") -> dict[str, Any]:
    return {
        "month": report.month,
        "arrived": report.arrived,
        "outcomes": [
            {"channel": channel, "outcome": outcome, "agencies": count}
            for (channel, outcome), count in sorted(report.outcomes.items())
        ],
        "channels": [
            {"channel": one.channel, "asked": one.asked, "failed": one.failed, "limit": one.limit, "down": one.is_down}
            for one in channels
        ],
        "causes": [one._asdict() for one in report.groups()],
        "failures": _not_brought_json(report.failures),
        "without_records": _not_brought_json(report.without_records),
    }


def _not_brought_json(months: "Iterable[NotBrought]") -> list[dict[str, str]]:
    return [
        {"channel": one.channel, "agency_code": one.agency_code, "host": one.host, "reason": one.reason}
        for one in months
    ]


def _say_pull(report: "PullReport", channels: "Sequence[ChannelHealth]") -> None:
    say(f"收件 pulled: {roc(report.month)}: 新報送 new submissions {report.arrived:,}")
    if report.outcomes:
        rows = [(name, _WORDS[outcome], f"{count:,}") for (name, outcome), count in sorted(report.outcomes.items())]
        table("各管道 by channel", ("管道 channel", "結果 outcome", "件數 number"), rows, numbers=[2])
    _say_lines("收件失敗，依主機及原因 fetch failed, by host and reason", map(str, report.groups()))
    _say_lines(
        "收件失敗之機關 agencies of which it failed",
        [f"{one.channel} {one.agency_code or one.source or '-'}: {one.reason}" for one in report.failures],
    )
    _say_lines(
        "來源尚無本月資料之機關 agencies whose source has no records of the month yet",
        [f"{one.channel} {one.agency_code}: {one.reason}" for one in report.without_records],
    )
    _say_lines("管道中斷 channels down", [str(one) for one in channels if one.is_down])


def run(
    month: options.Month,
    to: Annotated[
        str | None, typer.Option("--to", parser=options.month, metavar="YYYY-MM", help="至此月份 up to this month")
    ] = None,
    agency: options.Agencies = None,
    output: options.Format = Format.TEXT,
) -> None:
    """收件、檢核、儲存、發布、報表 Pull, check, store, publish, report: the Dagster job that the schedule runs."""
    wanted = months_between(month, to or month)
    from pipelines.cli.platform import user
    from pipelines.runs import run_month
    from pipelines.settings import load_settings

    with progress("作業 running", len(wanted)) as advance:

        def done(one: "MonthRun") -> None:
            advance()
            if output is Format.JSON:
                say_json(_run_json(one))
            else:
                _say_run(one)

        report = run_month(load_settings(), wanted, agency or (), actor=f"cli:{user()}", on_month=done)
    raise typer.Exit(_code(report.is_down, faults=report.has_faults))


def months_between(first: str, last: str) -> list[str]:
    """The months from first to last, both included."""
    if last < first:
        raise CannotError(f"--to {last} 早於 --month {first} is before it: give the earlier month first")
    numbers = range(_number(first), _number(last) + 1)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers]


def _number(month: str) -> int:
    year, of_year = month.split("-")
    return int(year) * 12 + int(of_year) - 1


def _run_json(one: "MonthRun") -> dict[str, Any]:
    return {
        "month": one.month,
        "run_id": one.run_id,
        "pulled": _pull_json(one.pulled, one.channels),
        "submissions": [
            {
                "agency_code": outcome.agency_code,
                "month": outcome.month,
                "submission_id": outcome.submission_id,
                "state": outcome.state,
                "fatal": outcome.fatal,
                "errors": outcome.errors,
                "warnings": outcome.warnings,
                "entered": outcome.rows,
                "refused": outcome.refused,
            }
            for outcome in one.outcomes
        ],
    }


def _say_run(one: "MonthRun") -> None:
    _say_pull(one.pulled, one.channels)
    whole = len(one.outcomes) - len(one.refused) - len(one.with_errors)
    say(
        f"檢核 checked: {len(one.outcomes):,} 份 submissions: 入檔 entered {whole:,}、"
        f"入檔有誤 entered with errors {len(one.with_errors):,}、退件 refused {len(one.refused):,}"
    )
    _say_lines(
        "退件或有誤 refused or with errors",
        [
            f"{o.agency_code or '機關不明 agency unknown'} {roc(o.month)}: {', '.join(o.top_rules)}"
            for o in (*one.refused, *one.with_errors)
        ],
    )
    say(f"已發布 published; Dagster run {one.run_id}")


def _say_lines(title: str, lines: Iterable[str]) -> None:
    listed = list(lines)
    if not listed:
        return
    first = f",前 the first {SHOWN:,}" if len(listed) > SHOWN else ""
    say(f"{title} ({len(listed):,}{first}):")
    for line in listed[:SHOWN]:
        say(f"  {line}")
