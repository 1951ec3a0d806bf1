"""What a composed document could not say, or says so that a rule refuses it: counted, and told in one line."""

from collections import Counter
from enum import Enum

from assets.channels.p2k.values import has_lost_characters
from assets.channels.protocol import Reason, one_line

_SAMPLES = 3


class Problem(Enum):
    """A kind of problem: how it is told in Traditional Chinese and in English."""

    NOT_CONFIRMED = ("筆表單未核定，未報送", "forms not confirmed, left out")
    NO_ATTENDANCE_TABLE = ("個月無刷卡資料表", "month without a table of clockings")
    BAD_DURATION = ("筆時數無法換算(R106)", "durations that cannot be read (R106)")
    BAD_INTERVAL = ("筆起迄時間無法辨識(R104)", "intervals that cannot be read (R104)")
    NO_TIME = ("筆表單無可辨識日期，未報送", "forms without a readable date, left out")
    BAD_CLOCKING = ("筆刷卡時間無法辨識(R105)", "clockings that cannot be read (R105)")
    SHARED_CARD = ("筆刷卡之卡號為數人共用，未報送", "clockings of a shared card, left out")
    UNMAPPED_CODE = ("筆假別代碼未設定對照(R107)", "leave types not mapped (R107)")
    BAD_PAYROLL_DATE = ("人到離職日期無法辨識", "people with an unreadable date of joining or leaving")
    DEFAULT_EMPLOYMENT = ("人人員類別未設定對照", "people whose kind of post is not mapped")
    UNMAPPED_KIND = (
        "人人員區分未設定對照，未列入名冊(R102)",
        "people whose kind is not mapped, left off the payroll (R102)",
    )
    UNMAPPED_SERVICE = (
        "人任職狀態未設定對照，未列入名冊(R102)",
        "people whose status of service is not mapped, left off the payroll (R102)",
    )
    LEFT_WITHOUT_DATE = ("人已離職而無離職日期，未列入名冊", "people who left, on no date: left off the payroll")
    BAD_UNPAID_DATE = (
        "人留職停薪起迄無法辨識，未列入名冊(R102)",
        "people with unreadable days of unpaid leave, left off the payroll (R102)",
    )
    UNMAPPED_CLOCKS = ("人應否刷卡未設定對照", "people of whom it is not mapped whether they clock")
    BAD_ENTITLEMENT = ("人可休假日數無法換算", "people whose annual leave cannot be read")
    BAD_SHIFT = ("筆輪班起迄或時數無法辨識(R104、R115)", "rostered duties that cannot be read (R104, R115)")
    LOST_CHARACTERS = ("處文字有遺失的字元", "texts with lost characters")
    REASON_CUT = ("筆事由超過 200 字，已截短", "reasons cut at 200 characters")


class Problems:
    """Counts by kind, with the first record ids where there are any; no other value is kept."""

    def __init__(self) -> None:
        self._counts: Counter[Problem] = Counter()
        self._samples: dict[Problem, list[str]] = {}

    def note(self, problem: Problem, record_id: str | None = None) -> None:
        """Count one."""
        self._counts[problem] += 1
        samples = self._samples.setdefault(problem, [])
        if record_id is not None and len(samples) < _SAMPLES:
            samples.append(record_id)

    def look_for_lost(self, text: str) -> None:
        """Count a text that has lost characters."""
        if has_lost_characters(text):
            self.note(Problem.LOST_CHARACTERS)

    def count(self, problem: Problem) -> int:
        """How many of one kind."""
        return self._counts[problem]

    def reason(self) -> Reason:
        """All of them in one line, in the order of `Problem`; empty where there are none."""
        told = [(problem, self._counts[problem]) for problem in Problem if self._counts[problem]]
        return Reason(
            one_line("；".join(f"{count} {kind.value[0]}{self._ids(kind)}" for kind, count in told)),
            one_line("; ".join(f"{count} {kind.value[1]}{self._ids(kind)}" for kind, count in told)),
        )

    def _ids(self, problem: Problem) -> str:
        samples = self._samples[problem]
        return f" [{', '.join(samples)}]" if samples else ""
