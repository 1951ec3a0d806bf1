"""Forms of text that a value can be asked to have: a pattern, and for dates and times that they are real."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A form of text: `pattern` says its shape, `is_real` whether a text of that shape means something."""

    #: The `format` of JSON Schema that says the same; None where draft 2020-12 has none.
    format: str | None
    #: The shape, as a finding's `expected` says it.
    expected: str
    #: A regular expression that both Python and ECMA 262 read alike, without anchors.
    pattern: str
    #: For a text that fits the pattern; raises ValueError or answers False where it is not real.
    is_real: Callable[[str], object] | None
    #: As `pattern`, of the real texts alone; None: `pattern` or `format` say it all.
    exact: str | None = None
    #: Bytes of a JSON string token that certainly has this form; only a shortcut, never the judge.
    spotless: bytes | None = None

    def fits(self, text: str) -> bool:
        """Whether the text has this shape."""
        return re.fullmatch(self.pattern, text, re.ASCII) is not None

    def holds(self, text: str) -> bool:
        """Whether a text of this shape is real."""
        if self.is_real is None:
            return True
        try:
            self.is_real(text)
        except ValueError:
            return False
        return True


# Every month has its days 1 to 28, and all but February the 29th and 30th; the 31st is left to the judge.
_CERTAIN_DATE = rb"(?:[1-9][0-9]{3})-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30))"
_CERTAIN_TIME = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"

# Exact patterns have no look-ahead, which not every validator of JSON Schema knows.
_YEAR = r"([0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_DAY = r"((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_REAL_DATE = rf"({_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"

CALENDAR_DATE = Form(
    format="date",
    expected="YYYY-MM-DD",
    pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    is_real=date.fromisoformat,
    exact=_REAL_DATE,
    spotless=_CERTAIN_DATE,
)
LOCAL_TIME = Form(
    format=None,
    expected="YYYY-MM-DDThh:mm",
    pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?",
    is_real=datetime.fromisoformat,
    exact=rf"{_REAL_DATE}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?",
    spotless=_CERTAIN_DATE + rb"T" + _CERTAIN_TIME,
)


def _real_offset_time(text: str) -> datetime:
    """RFC 3339: a date, a time and an offset, each real.  A leap second (`:60`) is no time that we can keep."""
    day, clock, offset = text[:10], text[11:19], text[19:].lstrip(".0123456789")
    if offset not in {"Z", "z"}:
        time.fromisoformat(offset[1:])
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))


#: RFC 3339 sets no bound to the digits of a second; nine are what any clock gives, and 35 characters hold them.
OFFSET_TIME = Form(
    format="date-time",
    expected="YYYY-MM-DDThh:mm:ss+08:00",
    pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    is_real=_real_offset_time,
)
MONTH = Form(
    format=None,
    expected="YYYY-MM",
    pattern=r"[0-9]{4}-(0[1-9]|1[0-2])",
    is_real=lambda text: date.fromisoformat(f"{text}-01"),
    exact=rf"{_YEAR}-(0[1-9]|1[0-2])",
)
AGENCY_CODE = Form(format=None, expected="[0-9A-Z]{10}", pattern=r"[0-9A-Z]{10}", is_real=None)
