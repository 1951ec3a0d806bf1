"""`attendance demo`: runs the demo and prints what an operator and an analyst would look at."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.console import note, say
from pipelines.cli.failures import DONE
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from pipelines.demo.run import RoundRun
    from warehouse.home import Home

#: Whose agencies the long reports show, and the agency whose findings are worth a look.
_AUTHORITY, _AGENCY = "376500000A", "376510102A"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("demo")(demo)


def demo() -> None:
    """示範：虛構的小國家經三種管道報送三個月 A made-up country: three channels, three months, status and reports."""
    from pipelines.demo.run import run_demo
    from pipelines.settings import load_settings

    settings = load_settings()
    note("每月兩輪：期限前、期限後 two rounds a month: before the deadline and after it")
    run_demo(settings, on_round=_tell)
    show(settings.place)
    raise typer.Exit(DONE)


def show(home: "Home") -> None:
    """Print the last month's status, the three reports, and where to look next; `home` is ATTENDANCE_HOME's."""
    from pipelines.cli.report import Report, report
    from pipelines.cli.status import status
    from pipelines.demo.run import SHOWN

    last, year = SHOWN[-1], int(SHOWN[-1][:4])
    _shown(status, last)
    _shown(report, Report.MONTHLY_COUNTS, year, last, _AUTHORITY)
    _shown(report, Report.SUMMARY, year, last, _AUTHORITY)
    _shown(report, Report.SUBMISSION_RATIOS, year)
    for line in (
        f"資料在 everything is in {home.root}",
        "接著可看 where to look next:",
        f"  attendance status --month {SHOWN[0]}",
        f"  attendance findings --agency {_AGENCY} --month {last}",
        f"  attendance report submission-ratios --year {year} -o ratios.xlsx",
        f"  ATTENDANCE_HOME={home.root} make dagster",
        f"  {home.warehouse}（DuckDB，以唯讀開啟 open it read-only）",
        "示範的系統已停止，再執行 run 收不到新資料 the made-up systems are stopped: another `run` brings nothing new",
    ):
        say(line)


def _tell(done: "RoundRun") -> None:
    run = done.run
    whole = len(run.outcomes) - len(run.refused) - len(run.with_errors)
    note(
        f"{done.at:%Y-%m-%d} {roc(run.month)}: 新報送 new {run.pulled.arrived:,}; 入檔 entered {whole:,}、"
        f"有誤 with errors {len(run.with_errors):,}、退件 refused {len(run.refused):,}、"
        f"未收到 not brought {len(run.pulled.failures):,}"
    )


def _shown(command: Callable[..., Any], *arguments: Any) -> None:
    """What a command prints; that the made-up data has faults is no fault of the demo."""
    try:
        command(*arguments)
    except typer.Exit:
        return
