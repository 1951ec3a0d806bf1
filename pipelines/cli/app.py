"""`attendance`: the one program.  Which commands there are, and how a run of it ends."""

import os
import sys
from typing import Annotated

import typer

from pipelines import signals
from pipelines.cli import (
    access,
    audit,
    backup,
    calendar,
    changes,
    check,
    closures,
    corrections,
    demo,
    duties,
    explain,
    failures,
    fetch,
    keys,
    maintain,
    metrics,
    notices,
    published_format,
    receipt,
    register,
    report,
    retention,
    rules,
    run,
    scheduled,
    status,
    submit,
)
from pipelines.cli.console import write_utf8

app = typer.Typer(
    name="attendance",
    help="差勤資料彙整平臺 The attendance data platform.",
    epilog="結束代碼 exit codes: 0 完成 done; 1 資料有誤 the data has faults; 2 用法錯誤、檔案無法讀取或服務中斷 "
    "wrong usage, unreadable file, or a part that is down; 70 程式錯誤 a fault of this program.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_GROUPS = (
    demo, register, check, published_format, submit, run, scheduled, status, corrections, explain, changes, receipt,
    report, rules, calendar, closures, duties, retention, maintain, metrics, fetch, keys, access, audit, notices,
    backup,
)  # fmt: skip
for group in _GROUPS:
    group.add_to(app)


@app.callback()
def attendance(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="出錯時顯示細節 show the traceback of an error")] = False,
) -> None:
    """差勤資料彙整平臺 The attendance data platform."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program on these arguments (the command line's own by default) and end the process with its code."""
    with signals.ending_the_process():
        code = ending(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code)


def ending(arguments: list[str]) -> int:
    """Run the program; returns the exit code, having said on standard error what went wrong."""
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started us: there is nowhere to say anything
        return failures.CANNOT
    write_utf8()
    debug = "--debug" in arguments  # wherever it stands: who adds it has just seen the line fail
    words = [word for word in arguments if word != "--debug"] or ["--help"]
    try:
        code = app(["--debug"] * debug + words, prog_name="attendance", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # who read us has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failures.DONE
    except (Exception, KeyboardInterrupt, signals.Terminated) as error:  # noqa: BLE001 — the one place where errors become exit codes
        # A query that SIGTERM has interrupted is a RuntimeError of DuckDB's.
        return failures.report(signals.Terminated() if signals.is_asked_to_end() else error, debug=debug)
    if code == failures.INTERRUPTED:  # Typer has caught it
        return failures.report(KeyboardInterrupt(), debug=debug)
    return code if isinstance(code, int) else failures.DONE


if __name__ == "__main__":
    main()
