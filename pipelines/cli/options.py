"""Options and arguments that several commands share, so that they are spelt and explained alike."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Format as Formats

_MONTH = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_AGENCY = re.compile(r"[0-9A-Z]{10}")


def month(text: str) -> str:
    """`YYYY-MM` as it is; anything else is a wrong usage."""
    if not _MONTH.fullmatch(text):
        raise typer.BadParameter(f"{text!r}: 年月寫成 YYYY-MM,例如 2021-06 a month is written YYYY-MM")
    return text


def agency_code(text: str) -> str:
    """Ten digits or capitals; anything else is a wrong usage."""
    if not _AGENCY.fullmatch(text):
        raise typer.BadParameter(
            f"{text!r}: 機關代碼為 10 碼數字或大寫英文字母 an agency code is 10 digits or capitals"
        )
    return text


def day(text: str) -> date:
    """`YYYY-MM-DD` as a date; anything else is a wrong usage."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: 日期寫成 YYYY-MM-DD a date is written YYYY-MM-DD") from None


def moment(text: str) -> datetime:
    """`YYYY-MM-DD` is that day's end, `YYYY-MM-DDThh:mm` a moment; in Taipei unless it has an offset."""
    from warehouse.deadlines import TAIPEI

    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: 時點寫成 YYYY-MM-DD 或 YYYY-MM-DDThh:mm a moment is written so") from None
    if _DAY.fullmatch(text):
        said += timedelta(days=1)
    return said if said.tzinfo else said.replace(tzinfo=TAIPEI)


def start(text: str) -> datetime:
    """As `moment`, but `YYYY-MM-DD` is that day's beginning."""
    said = moment(text)
    return said - timedelta(days=1) if _DAY.fullmatch(text) else said


def instant(text: str) -> datetime:
    """As `moment`, but `YYYY-MM-DD` is that day's 8:00, when offices open."""
    said = start(text)
    return said + timedelta(hours=8) if _DAY.fullmatch(text) else said


Format = Annotated[Formats, typer.Option("--format", help="輸出格式 how to print")]
ErrorReport = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="檢誤報告 error report: .xlsx .ods"),
]
Month = Annotated[str, typer.Option("--month", parser=month, metavar="YYYY-MM", help="資料年月 month")]
OptionalMonth = Annotated[str | None, typer.Option("--month", parser=month, metavar="YYYY-MM", help="資料年月 month")]
Agency = Annotated[str, typer.Option("--agency", parser=agency_code, metavar="CODE", help="機關代碼 agency")]
OptionalAgency = Annotated[
    str | None, typer.Option("--agency", parser=agency_code, metavar="CODE", help="機關代碼 agency")
]
Agencies = Annotated[
    list[str] | None,
    typer.Option("--agency", parser=agency_code, metavar="CODE", help="機關代碼，可重複 agencies; may be repeated"),
]
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="檔案、資料夾或 .zip files, folders or .zip archives")
]
AsOf = Annotated[
    Any,
    typer.Option(
        "--as-of",
        parser=moment,
        metavar="YYYY-MM-DD[Thh:mm]",
        help="當時所知的情形 as it was known then (that day's end)",
    ),
]
Authority = Annotated[
    str | None,
    typer.Option(
        "--authority", parser=agency_code, metavar="CODE", help="主管機關及其所有下級機關 an authority and all below it"
    ),
]
