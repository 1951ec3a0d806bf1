"""How many years after its end a year of a table is kept: rows of `retention.csv`, the installation's or the shipped.

The shipped rows keep everything: how long is for each office's own schedule of records (檔案保存年限區分表) to say.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from warehouse.deadlines import TAIPEI
from warehouse.home import Home
from warehouse.store import RECORDS

LANDING, FINDINGS, NOTICES = "landing", "findings", "notices"
#: What can be kept for its own number of years, with what it is called.
TABLES = {
    LANDING: "收檔區原始檔 documents as they came",
    "employees": "員工 employees",
    "leaves": "差假 leaves",
    "overtime": "加班 overtime",
    "shifts": "輪班 rosters",
    "clockings": "刷卡 clockings",
    FINDINGS: "檢誤結果 findings",
    NOTICES: "通知紀錄 notices",
}
#: What is taken from the documents: of no use to remove while the documents are there.
_FROM_LANDING = (*RECORDS, FINDINGS)
_MOST_YEARS = 100


class RetentionRefused(ValueError):  # noqa: N818 — says what happened
    """The rows cannot be used, or something may not be removed; the message says what to do."""


@dataclass(frozen=True)
class Policy:
    """Table → years after the end of a year for which it is kept (None: for ever)."""

    years: Mapping[str, int | None]

    def last_year(self, table: str, year: int) -> int | None:
        """The year to whose end a year of the table is kept; None: for ever."""
        kept = self.years.get(table)
        return None if kept is None else year + kept

    def due(self, table: str, year: int, now: datetime) -> bool:
        """Whether a year of the table is past its time at a moment (aware)."""
        last = self.last_year(table, year)
        return last is not None and now.astimezone(TAIPEI).year > last


def policy_of(home: Home) -> Policy:
    """The installation's rows, or the shipped ones where it has no file.  Raises `RetentionRefused`, OSError."""
    try:
        data = home.retention.read_bytes()
    except FileNotFoundError:
        shipped = files("warehouse").joinpath("data/retention.csv").read_text(encoding="utf-8")
        return read_policy(shipped, "retention.csv")
    try:
        return read_policy(data.decode("utf-8-sig"), str(home.retention))
    except UnicodeDecodeError:
        raise RetentionRefused(f"{home.retention}: 檔案須為 UTF-8 編碼 the file must be UTF-8") from None


def read_policy(text: str, source: str) -> Policy:
    """Read rows `table,years,source`; a table without a row is kept for ever.  Raises `RetentionRefused`."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    years: dict[str, int | None] = {}
    faults: list[str] = []
    if not {"table", "years"} <= set(reader.fieldnames or ()):
        raise RetentionRefused(f"{source}: 標題列須有 the header needs: table, years")
    for row in reader:
        table, said = (row["table"] or "").strip(), (row["years"] or "").strip()
        place = f"第 {reader.line_num} 行 line {reader.line_num}"
        if table not in TABLES:
            faults.append(f"{place}: 沒有這個資料表 no such table: {table[:30]!r}; {', '.join(TABLES)}")
        elif table in years:
            faults.append(f"{place}: {table} 重複 twice")
        elif said and not (said.isascii() and said.isdigit() and int(said) <= _MOST_YEARS):
            faults.append(f"{place}: 年數為 0–{_MOST_YEARS} 或留白 years are 0 to {_MOST_YEARS}, or blank for ever")
        else:
            years[table] = int(said) if said else None
    faults += _outlived(years)
    if faults:
        raise RetentionRefused(f"{source}: 保存年限無法使用 the retention rules cannot be used: {'; '.join(faults)}")
    return Policy(years)


def _outlived(years: Mapping[str, int | None]) -> Sequence[str]:
    """Records that would be gone while the documents that they came from are kept, with more in them."""
    kept = years.get(LANDING)
    return [
        f"{table}: 原始檔 {LANDING} 的保存年限不得較長 {LANDING} must not be kept for longer: it has all that is in it"
        for table in _FROM_LANDING
        if (own := years.get(table)) is not None and (kept is None or kept > own)
    ]
