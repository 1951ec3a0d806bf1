"""`attendance submit`: the manual channel, by hand.  Lands files and prints their receipts; checks nothing."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, printable, progress, say, say_json
from pipelines.cli.failures import DONE, FAULTS_FOUND
from pipelines.cli.findings_text import agency_month

if TYPE_CHECKING:
    from assets.intake import HandedIn, Receipted


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("submit", short_help="報送檔案並取得收據 hand in files, get receipts")(submit)


def submit(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="檔案、資料夾或 .zip files, folders or .zip archives")
    ] = None,
    *,
    orphans: Annotated[
        bool,
        typer.Option(
            "--orphans", help="登錄收檔區中未登錄的檔案 record what landed and was never recorded: see doctor"
        ),
    ] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """報送檔案並取得收據 Land files and print their receipts; the same bytes twice is one submission."""
    from assets.intake import adopt_orphans, hand_in
    from pipelines.cli.platform import opened

    if bool(files) is orphans:
        raise typer.BadParameter("請指定檔案，或 --orphans name files, or --orphans")
    reading = _Reading(files or [])
    with opened() as platform, progress("收件 landing") as advance:
        if orphans:
            receipts = adopt_orphans(platform)
        else:
            receipts = hand_in(platform, reading.items(platform.limits.max_bytes, advance))
    for receipt in receipts:
        if output is Format.JSON:
            say_json(_as_json(receipt))
        else:
            _say_receipt(receipt)
    if reading.stopped_by:
        raise reading.stopped_by
    unknown = sum(not (receipt.agency_code and receipt.month) for receipt in receipts)
    if unknown:
        note(
            f"{unknown:,} 檔讀不出機關或年月，將被退件，請先執行 attendance check "
            f"{unknown:,} files name no agency or month and will be refused: run attendance check on them"
        )
    raise typer.Exit(FAULTS_FOUND if unknown else DONE)


class _Reading:
    """The files, until one cannot be read: those before it are landed and get their receipts all the same."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self.stopped_by: Exception | None = None

    def items(self, max_bytes: int, advance: Callable[..., None]) -> Iterator["HandedIn"]:
        """The documents to hand in."""
        from assets.channels.documents import ArchiveRefused, ReadLimits, read_submissions
        from assets.intake import HandedIn

        try:
            for name, data in read_submissions(self._files, ReadLimits(max_bytes=max_bytes)):
                yield HandedIn(name, data)
                advance()
        except (OSError, ArchiveRefused) as error:
            self.stopped_by = error


def _as_json(receipt: "Receipted") -> dict[str, object]:
    deadline = receipt.deadline and receipt.deadline.isoformat(timespec="seconds")
    return asdict(receipt) | {"received_at": _taipei(receipt).isoformat(timespec="seconds"), "deadline": deadline}


def _say_receipt(receipt: "Receipted") -> None:
    say(f"{printable(receipt.name)}")
    say(f"  報送編號 id        {receipt.submission_id}")
    say(f"  機關年月 for       {agency_month(receipt.agency_code, receipt.month)}")
    say(f"  送達時間 received  {_taipei(receipt):%Y-%m-%d %H:%M:%S} 臺北 Taipei，{receipt.size:,} bytes")
    say(f"  {_timeliness(receipt)}{'' if receipt.new else '；相同檔案先前已報送 the same file was handed in before'}")


def _timeliness(receipt: "Receipted") -> str:
    from warehouse.duties.reckoning import spoken

    if receipt.deadline is None:
        return "期限不明 deadline unknown"
    until = f"（期限 due until {spoken(receipt.deadline)}）"
    if receipt.on_time is None:
        return (
            f"月份尚未結束，不計入報送，月份結束後仍應報送 "
            f"the month has not ended: it does not count, submit again once it has{until}"
        )
    if receipt.on_time:
        return f"準時 on time{until}"
    return f"逾期 {receipt.days_late} 天 late by {receipt.days_late} days{until}"


def _taipei(receipt: "Receipted") -> datetime:
    from warehouse.deadlines import TAIPEI

    return receipt.received_at.astimezone(TAIPEI)
