"""Where a fault comes from: the system that wrote the file (most records, all since a date), or a typing error.

A reading aid for the error report: it decides nothing.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

#: Fewer records than this show no pattern.
_ENOUGH = 5
#: Share of a dataset's records from which on it is the system's fault.
_MOST = 0.5
#: Share of the records from one date on that makes a change of the system likely.
_NEARLY_ALL = 0.9
#: Up to so many records, or this share of them, are taken for slips of single entries.
_FEW, _RARE = 2, 0.05

#: Dataset → the property that says on which day a record is.
_DAY = {"shifts": "start", "leaves": "start", "overtime": "start", "clockings": "at"}


class Cause(StrEnum):
    """What a fault looks like."""

    SYSTEM = "system"
    TYPING = "typing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Looks:
    """What a fault looks like, and why, in Chinese and English."""

    cause: Cause
    reason: str
    reason_en: str


def looks_like(failing: Collection[int], total: int, days: Sequence[date | None] = ()) -> Looks:
    """What a rule's findings in one dataset look like.

    `failing` are the indices of the records found, `total` how many the dataset has, `days` the day of each where it
    is known.
    """
    number = len(set(failing))
    of = f"{total:,} 筆中有 {number:,} 筆"
    of_en = f"{number:,} of {total:,} records"
    if number >= _ENOUGH and number >= _MOST * total:
        return Looks(
            Cause.SYSTEM, f"{of}，多半是系統介接或轉檔的問題，請洽系統廠商", f"{of_en}: ask the system's maker"
        )
    since = _since(set(failing), days)
    if since is not None:
        return Looks(
            Cause.SYSTEM,
            f"自 {since} 起幾乎每筆都有，之前沒有，多半是系統更版或設定異動，請洽系統廠商",
            f"nearly every record from {since} on and none before: ask the system's maker what changed then",
        )
    if number <= _FEW or number < _RARE * total:
        return Looks(Cause.TYPING, f"{of}，多半是個別登打錯誤，請逐筆更正", f"{of_en}: mend each")
    return Looks(Cause.UNCLEAR, f"{of}，請先抽看幾筆", f"{of_en}: look at some first")


def _since(failing: set[int], days: Sequence[date | None]) -> date | None:
    """The day from which on nearly every record fails and before which none does, where there is such a day."""
    failing_days = [day for index in failing if index < len(days) and (day := days[index]) is not None]
    if len(failing_days) < _ENOUGH:
        return None
    first = min(failing_days)
    before = sum(day < first for day in days if day is not None)
    after = sum(day >= first for day in days if day is not None)
    return first if before >= _ENOUGH and len(failing_days) >= _NEARLY_ALL * after else None


def record_days(data: bytes) -> Mapping[str, Sequence[date | None]]:
    """Dataset → the day of each record of a document, None where it has none that can be read; {} for no document."""
    try:
        document = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {
        dataset: [_day(record.get(name)) if isinstance(record, dict) else None for record in document[dataset]]
        for dataset, name in _DAY.items()
        if isinstance(document.get(dataset), list)
    }


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None
