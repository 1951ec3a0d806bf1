"""What can be odd about a register file: every kind with its text, and the collector that counts them.

A file is taken as far as it can be read; nothing here is an error.  A new kind of oddity is a new line in `KINDS`.
"""

from dataclasses import dataclass

#: How many examples of each kind a report shows; the count is always true.
SAMPLES = 5

#: Kind → text in Traditional Chinese, text in English, both saying what was done about it.
KINDS: dict[str, tuple[str, str]] = {
    "undecodable": ("無法解讀的字元，以「�」代替", "characters that could not be decoded, replaced by U+FFFD"),
    "ragged": (
        "欄數與標題列不符，缺者視為空白、多者略過",
        "rows with too few or too many columns: read as blank, or ignored",
    ),
    "bad_code": ("機關代碼不是 10 位英數字，該列略過", "agency code is not 10 letters or digits: row skipped"),
    "no_name": ("沒有機關名稱，以代碼代替", "no name: the code is used instead"),
    "duplicate": (
        "同一機關代碼重複且期間重疊，只採其一",
        "the same code more than once for overlapping periods: one row is used",
    ),
    "bad_level": ("機關層級不是數字，視為不詳", "level is not a number: taken as unknown"),
    "level_gap": ("機關層級與上級機關不連續，照登", "level does not follow the parent's: taken as stated"),
    "bad_parent": (
        "上級機關代碼不是 10 位英數字，視為沒有上級",
        "parent code is not 10 letters or digits: taken as none",
    ),
    "missing_parent": ("上級機關不在機關代碼中，視為最上層", "parent is not in the register: treated as a top agency"),
    "cycle": ("上級機關互相指向，各自視為最上層", "parents that point at each other: each becomes a top agency"),
    "bad_date": ("不是日期，視為不詳", "not a real date: taken as unknown"),
    "reversed_dates": ("裁撤不晚於生效，視為從未存續", "abolished no later than it began: never in force"),
    "abolished_undated": ("註記裁撤但無裁撤日期", "marked as abolished without a date"),
    "dated_unmarked": (
        "有裁撤日期但未註記裁撤，依日期認定",
        "has a date of abolition but is not marked abolished: the date counts",
    ),
    "bad_headcount": ("應報人數不是整數，視為不詳", "expected headcount is not a whole number: taken as unknown"),
    "bad_kind": ("機關類別超過 20 字，視為未指定", "kind is longer than 20 characters: taken as not stated"),
    "unfamiliar_kind": (
        "機關類別不在類別表，僅供報送行事曆使用，檢核依代碼末碼",
        "kind is not in the table of kinds: it is used by the calendar of duties alone, rules go by the code",
    ),
    "bad_work_pattern": (
        "預設勤務型態不是 office、flexible、shift，視為未指定",
        "default_work_pattern is none of office, flexible, shift: taken as not stated",
    ),
    "bad_postal_code": (
        "郵遞區號不是 3、5 或 6 碼數字，視為不詳",
        "postal code is not 3, 5 or 6 digits: taken as unknown",
    ),
    "unknown_postal_code": (
        "郵遞區號不在郵遞區號表，照登，縣市不詳",
        "postal code is not in the table: taken as stated, its county is not known",
    ),
    "bad_channel": ("報送管道超過 20 字，視為未指定", "channel is longer than 20 characters: taken as not stated"),
    "unfamiliar_channel": (
        "報送管道不是 webitr、webhr、manual，照登",
        "channel is none of webitr, webhr, manual: taken as stated",
    ),
    "bad_reporter": ("代報機關代碼不是 10 位英數字，視為未指定", "reported_by is no agency code: taken as not stated"),
    "missing_reporter": (
        "代報機關不在機關代碼中，照登",
        "the agency that reports for it is not in the register: taken as stated",
    ),
    "exempt_unexplained": (
        "免報期間沒有事由也沒有代報機關，仍予免報",
        "exempt without reason or reporting agency: exempt all the same",
    ),
    "exempt_reversed": ("免報迄日早於起日，不予採用", "exemption ends before it begins: ignored"),
    "start_differs": (
        "生效日期與既有紀錄不同，未更動歷史",
        "start differs from what is held: history is left as it is",
    ),
    "start_corrected": ("更正生效日期", "start date corrected"),
    "past_differs": (
        "已裁撤機關的內容與既有紀錄不同，未更動歷史",
        "abolished agency differs from what is held: history is left as it is",
    ),
    "reopened": (
        "曾裁撤的機關又列為存續，自匯入日起重新生效",
        "closed agency is listed as active again: in force anew from the day of import",
    ),
    "absent": ("既有機關未列於本檔，未更動", "agencies held that the file does not list: left as they are"),
}


@dataclass(frozen=True, slots=True)
class Oddity:
    """One kind of oddity in a file: how often, and the first few places."""

    kind: str
    count: int
    samples: tuple[str, ...]
    text: str
    text_en: str


class Oddities:
    """Counts oddities while a file is read; order of first appearance is kept."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def note(self, kind: str, sample: str, count: int = 1) -> None:
        """Count an oddity of a kind in `KINDS`; `sample` says where, and what was found."""
        if kind not in KINDS:
            raise KeyError(kind)
        held, samples = self._found.get(kind, (0, []))
        if len(samples) < SAMPLES:
            samples.append(sample)
        self._found[kind] = (held + count, samples)

    def listed(self) -> list[Oddity]:
        """Every kind that was met."""
        return [Oddity(kind, count, tuple(samples), *KINDS[kind]) for kind, (count, samples) in self._found.items()]
