"""`attendance demo`: the made-up country from the first document to the reports, for who sees this the first time."""

import os
import signal
import sys
import threading
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import note, progress, say
from pipelines.cli.failures import CannotError
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from pipelines.demo.run import RoundRun
    from pipelines.settings import Settings

#: Where the demo lives unless `ATTENDANCE_HOME` says otherwise: made-up data must not land in a real home by mistake.
FOLDER = Path("demo-data")

#: Rows of each report that are shown: a taste.
ROWS = 16


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("demo", short_help="執行示範 see it work: a small country, three months")(demo)


def demo(
    *,
    serve: Annotated[
        bool,
        typer.Option("--serve", help="重新啟動示範之 WebITR 系統 start the demo's WebITR servers again, until Ctrl-C"),
    ] = False,
) -> None:
    """小型示範：三種管道、三個月份、三種報表 A small country: three channels, three months, status and reports.

    Lives in ./demo-data unless ATTENDANCE_HOME is set; run again, it shows what is there.
    """
    if find_spec("pipelines.demo") is None:
        raise CannotError(
            "示範僅附於原始碼，請於原始碼資料夾執行 make demo the demonstration is part of the source tree only: run "
            "make demo there"
        )
    from pipelines.settings import load_settings

    settings = load_settings(None if os.environ.get("ATTENDANCE_HOME") else FOLDER)
    if serve:
        _serve(settings)
    else:
        _show(settings)


def _serve(settings: "Settings") -> None:
    """Serve until Ctrl-C or SIGTERM, also where a script that started us in the background has SIGINT ignored."""
    from pipelines.demo.systems import started_again

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with started_again(settings.place) as server:
        note(f"WebITR: {server.url}；位址已寫入 now in {settings.place.sources}；Ctrl-C 結束 ends it")
        ended.wait()


def _show(settings: "Settings") -> None:
    from pipelines.demo.run import SHOWN, DemoRefused, run_demo

    home = settings.place.root
    with progress("示範 demo", 2 * len(SHOWN)) as advance:

        def done(one: "RoundRun") -> None:
            advance()
            _say_round(one)

        try:
            run_demo(settings, on_round=done)
        except DemoRefused:
            if not settings.place.demo.is_dir():
                raise
            note(f"示範資料已在 {home}，刪除該資料夾可重做 the demo is there already; remove {home} to make it anew")
    agency = _say_results(home, SHOWN[-1])
    _say_where_next(home, SHOWN[-1], agency)


def _say_round(one: "RoundRun") -> None:
    outcomes = one.run.outcomes
    states = ((len(outcomes) - len(one.run.refused) - len(one.run.with_errors), "入檔 entered"),
              (len(one.run.with_errors), "入檔有誤 with errors"),
              (len(one.run.refused), "退件 refused"),
              (len(one.run.pulled.failures), "未收到 not brought"))  # fmt: skip
    counts = "、".join(f"{number} {title}" for number, title in states if number)
    say(f"{one.at:%Y-%m-%d}: 資料年月 month {roc(one.run.month)}: {counts or '無 nothing'}")


def _say_results(home: Path, month: str) -> str:
    """Print the status of the month and a taste of the three reports; give an agency that has errors."""
    from assets.report_kinds import Report
    from pipelines.cli.platform import opened
    from pipelines.cli.report import report_frame, show
    from pipelines.cli.status import say_status, status_rows

    year = int(month[:4])
    with opened(home) as platform:
        rows = status_rows(platform, month, None)
        say_status(month, rows)
        for which in Report:
            of_month = None if which is Report.SUBMISSION_RATIOS else month
            frame = report_frame(platform, which.table, year, of_month)
            if which is Report.SUMMARY:
                frame = frame[frame["scope"] == "country"]
            elif which is Report.SUBMISSION_RATIOS:
                frame = frame[frame["scope"] != "agency"]
            show(frame, which, year, of_month, most=ROWS)
    return next(str(row["agency_code"]) for row in rows if row["errors"])


def _say_where_next(home: Path, month: str, agency: str) -> None:
    from warehouse.duties.calendar import shipped

    here = f"ATTENDANCE_HOME={home}"
    program = f"{here} {sys.argv[0]}"
    last_day = shipped().due(month) - timedelta(days=1)
    say("接下來 where to look next:")
    for command, why in (
        (f"{here} make dagster", "Dagster 頁面：哪個機關有哪個月 its pages: which agency has which month"),
        (f"{program} demo --serve", "示範之 WebITR 系統 its WebITR servers again, for another pull"),
        (f"{here} {sys.executable} -m portal.demo", "入口網，附示範帳號 the portal, with the demo's accounts"),
        (f"{home / 'warehouse.duckdb'}", "以任何 DuckDB 唯讀開啟 open it read-only with any DuckDB"),
        (f"{program} findings --agency {agency} --month {month}", "這個機關哪裡有誤 what is wrong there"),
        (f"{program} findings --agency {agency} --month {month} -o report.xlsx", "給承辦人的檢誤報告 for its people"),
        (f"{program} status --month {month} --as-of {last_day:%Y-%m-%d}", "期限當日所知 as known at the deadline"),
    ):
        say(f"  {command}  # {why}")
