"""Reading a register file: the government's CSV as published, or the project's own columns; nothing is stored here.

Which of the two it is, its header says.  Untidy rows are read as far as they can be and counted as oddities.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from checks.model.agency_kinds import KINDS, Pattern
from checks.model.roc import parse_roc_date
from warehouse.register.files import GOVERNMENT_REQUIRED, PROJECT_REQUIRED, RegisterError, decoded, records
from warehouse.register.oddities import Oddities
from warehouse.register.postal_codes import area_of, is_postal_code

Kind = Literal["government", "project"]

#: Columns of the project's own file that say who reports; where all are absent, obligations are left alone.
OBLIGATION_COLUMNS = ("channel", "exempt_from", "exempt_to", "exempt_reason", "reported_by")
#: The channels that exist (assets/channels); another is kept but pointed out, as it may be a misspelling.
FAMILIAR_CHANNELS = ("webitr", "webhr", "manual")
CHANNEL_LENGTH = 20
KIND_LENGTH = 20
#: What a document can state of a person, and a row of the register of those of whom no document says it.
_WORK_PATTERNS = frozenset(Pattern) - {Pattern.UNKNOWN}

_CODE = re.compile(r"[0-9A-Z]{10}")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_NOT_ABOLISHED = frozenset({"", "否", "N", "0"})
#: The year by which spreadsheets say "for ever".
_FOR_EVER = 9999
_DAY_LONG = timedelta(days=1)
#: Stated attribute → the column of each kind of file that gives it; an absent column states nothing.
_ATTRIBUTES: dict[Kind, dict[str, str]] = {
    "government": {
        "name": "機關名稱",
        "parent_code": "主管機關代碼",
        "level": "機關層級",
        "postal_code": "郵遞區號",
    },
    "project": {
        "name": "name",
        "parent_code": "parent_code",
        "level": "level",
        "expected_headcount": "expected_headcount",
        "kind": "kind",
        "postal_code": "postal_code",
        "default_work_pattern": "default_work_pattern",
    },
}


@dataclass(frozen=True, slots=True)
class Exemption:
    """The days (both included; None = open) on which an agency need not report itself."""

    first: date | None
    last: date | None
    reason: str | None
    reported_by: str | None


@dataclass(frozen=True, slots=True)
class Stated:
    """What one row says: an agency in one period; `active_to` is the last day in force."""

    agency_code: str
    name: str
    parent_code: str | None
    level: int | None
    active_from: date | None
    active_to: date | None
    marked_abolished: bool = False
    expected_headcount: int | None = None
    kind: str | None = None
    postal_code: str | None = None
    default_work_pattern: str | None = None
    channel: str | None = None
    exemptions: tuple[Exemption, ...] = ()

    @property
    def abolished_undated(self) -> bool:
        """Abolished, but nobody says when."""
        return self.marked_abolished and self.active_to is None

    @property
    def reversed(self) -> bool:
        """Ends before it begins: never in force."""
        return (self.active_from or date.min) > (self.active_to or date.max)


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """A file that was read: its rows, and which attributes and whether obligations it states."""

    kind: Kind
    encoding: str
    rows: int
    stated: list[Stated]
    attributes: tuple[str, ...]
    states_obligations: bool


def read_register(data: bytes, source: str, oddities: Oddities) -> RegisterFile:
    """Read a register file; `source` names it in errors.  Raises `RegisterError` where it is no register."""
    text, encoding = decoded(data, source)
    if "\ufffd" in text:
        oddities.note("undecodable", encoding, text.count("\ufffd"))
    rows = records(text, source, encoding)
    columns = [unicodedata.normalize("NFKC", name).strip() for name in next(rows, (0, []))[1]]
    if set(GOVERNMENT_REQUIRED) <= set(columns):
        kind: Kind = "government"
    elif set(PROJECT_REQUIRED) <= set(columns):
        kind = "project"
    else:
        raise RegisterError(source, encoding, columns)
    reader = _Row(columns, oddities)
    read = reader.government if kind == "government" else reader.project
    count, stated = 0, []
    for line, cells in rows:
        count += 1
        reader.take(line, cells)
        one = read()
        if one is not None:
            stated.append(one)
    attributes = tuple(name for name, column in _ATTRIBUTES[kind].items() if column in columns)
    obligations = kind == "project" and not set(OBLIGATION_COLUMNS).isdisjoint(columns)
    return RegisterFile(kind, encoding, count, stated, attributes, obligations)


class _Row:
    """The row at hand, and how its cells become values; each oddity is noted with its line and its agency."""

    def __init__(self, columns: list[str], oddities: Oddities) -> None:
        self._columns = columns
        self._marks_abolished = "裁撤註記" in columns
        self._oddities = oddities
        self._line = 0
        self._cells: dict[str, str] = {}
        self._code = ""

    def take(self, line: int, cells: list[str]) -> None:
        self._line, self._code = line, ""
        self._cells = dict(zip(self._columns, (cell.strip() for cell in cells), strict=False))
        if len(cells) != len(self._columns):
            self._note("ragged", f"{len(cells)}/{len(self._columns)}")

    def government(self) -> Stated | None:
        if not self._take_code("機關代碼"):
            return None
        marked = self._cells.get("裁撤註記", "").upper() not in _NOT_ABOLISHED
        begun = self._date("機關生效日期", parse_roc_date)
        abolished = self._date("機關裁撤日期", parse_roc_date)
        if abolished is None and marked:
            self._note("abolished_undated", "")
            abolished = self._date("新機關生效日", parse_roc_date)
        elif abolished is not None and self._marks_abolished and not marked:
            self._note("dated_unmarked", abolished.isoformat())
        # The day of abolition is the first without the agency: in 4,735 of 5,237 cases its successor begins on it.
        last = abolished - _DAY_LONG if abolished else None
        self._compare(begun, last)
        return Stated(
            agency_code=self._code,
            name=self._name("機關名稱"),
            parent_code=self._parent("主管機關代碼"),
            level=self._number("機關層級", "bad_level"),
            active_from=begun,
            active_to=last,
            marked_abolished=marked,
            postal_code=self._postal_code("郵遞區號"),
        )

    def project(self) -> Stated | None:
        if not self._take_code("agency_code"):
            return None
        begun, last = self._date("active_from", _parse_day), self._date("active_to", _parse_day)
        self._compare(begun, last)
        return Stated(
            agency_code=self._code,
            name=self._name("name"),
            parent_code=self._parent("parent_code"),
            level=self._number("level", "bad_level"),
            active_from=begun,
            active_to=last,
            expected_headcount=self._number("expected_headcount", "bad_headcount"),
            kind=self._kind(),
            postal_code=self._postal_code("postal_code"),
            default_work_pattern=self._work_pattern(),
            channel=self._channel(),
            exemptions=self._exemptions(),
        )

    def _note(self, kind: str, found: str) -> None:
        self._oddities.note(kind, f"第 {self._line} 行 line {self._line} {self._code} {found}".rstrip())

    def _take_code(self, column: str) -> bool:
        self._code = self._cells.get(column, "").upper()
        if _CODE.fullmatch(self._code):
            return True
        found, self._code = self._code, ""
        self._note("bad_code", found)
        return False

    def _name(self, column: str) -> str:
        name = self._cells.get(column, "")
        if not name:
            self._note("no_name", "")
        return name or self._code

    def _parent(self, column: str) -> str | None:
        parent = self._other_code(column, "bad_parent")
        return None if parent == self._code else parent

    def _other_code(self, column: str, oddity: str) -> str | None:
        code = self._cells.get(column, "").upper()
        if not code or _CODE.fullmatch(code):
            return code or None
        self._note(oddity, code)
        return None

    def _number(self, column: str, oddity: str) -> int | None:
        text = self._cells.get(column, "")
        if re.fullmatch(r"[0-9]{1,9}", text):
            return int(text)
        if text:
            self._note(oddity, text)
        return None

    def _date(self, column: str, parse: Callable[[str], date | None]) -> date | None:
        text = self._cells.get(column, "")
        try:
            return parse(text)
        except ValueError:
            self._note("bad_date", f"{column} {text}")
            return None

    def _compare(self, begun: date | None, last: date | None) -> None:
        if begun and last and last < begun:
            self._note("reversed_dates", f"{begun} > {last}")

    def _kind(self) -> str | None:
        kind = self._cells.get("kind", "")
        if len(kind) > KIND_LENGTH:
            self._note("bad_kind", kind)
            return None
        if kind and kind not in KINDS:
            self._note("unfamiliar_kind", kind)
        return kind or None

    def _work_pattern(self) -> str | None:
        pattern = self._cells.get("default_work_pattern", "").lower()
        if pattern and pattern not in _WORK_PATTERNS:
            self._note("bad_work_pattern", pattern)
            return None
        return pattern or None

    def _postal_code(self, column: str) -> str | None:
        code = unicodedata.normalize("NFKC", self._cells.get(column, ""))
        if not code.strip("0"):
            return None
        if not is_postal_code(code):
            self._note("bad_postal_code", code)
            return None
        if area_of(code) is None:
            self._note("unknown_postal_code", code)
        return code

    def _channel(self) -> str | None:
        channel = self._cells.get("channel", "").lower()
        if len(channel) > CHANNEL_LENGTH:
            self._note("bad_channel", channel)
            return None
        if channel and channel not in FAMILIAR_CHANNELS:
            self._note("unfamiliar_channel", channel)
        return channel or None

    def _exemptions(self) -> tuple[Exemption, ...]:
        reason = self._cells.get("exempt_reason") or None
        reporter = self._other_code("reported_by", "bad_reporter")
        first, last = self._date("exempt_from", _parse_day), self._date("exempt_to", _parse_day)
        if first is None and last is None and reason is None and reporter is None:
            return ()
        if first and last and last < first:
            self._note("exempt_reversed", f"{first} > {last}")
            return ()
        if reason is None and reporter is None:
            self._note("exempt_unexplained", "")
            reason = "未敘明"
        return (Exemption(first, last, reason, reporter),)


def _parse_day(text: str) -> date | None:
    """`YYYY-MM-DD`, or `YYYY/M/D` as spreadsheets rewrite it; blank and the year 9999 are open.  Raises ValueError."""
    if not text:
        return None
    matched = _DAY.fullmatch(text)
    if matched is None:
        raise ValueError(text)
    day = date(*(int(part) for part in matched.groups()))
    return None if day.year == _FOR_EVER else day
