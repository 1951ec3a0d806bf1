"""Single values as P2K tables hold them: text in CP950, ROC dates, times, D.H durations, codes.

Pure functions.  Each gives None for what cannot be read, so that the caller decides what becomes of the record;
none of them guesses.
"""

import codecs
import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from checks.model.roc import ROC_YEAR_OFFSET, parse_roc_date

HOURS_A_DAY = 8
HOURS_A_CLOCK_DAY = 24
#: Digits before or after the point of what can be days or hours.
_DIGITS = 12
_DATE_LENGTHS = {6, 7}
_MIDNIGHT = "2400"

# Windows' four blocks of user-defined characters (造字) in CP950: first and last lead byte, first trail byte of the
# first lead, first code point.  Names of persons hold them; Python's own codec refuses them.
_USER_DEFINED = (
    (0xFA, 0xFE, 0x40, 0xE000),
    (0x8E, 0xA0, 0x40, 0xE311),
    (0x81, 0x8D, 0x40, 0xEEB8),
    (0xC6, 0xC8, 0xA1, 0xF6B1),
)
_TRAILS_A_LEAD = 157
_FIRST_HIGH_TRAIL = 0xA1
_LOW_TRAILS = 63

#: What a lost character looks like: U+FFFD from a decoder, `?` (also full-width) from a conversion long ago.
_LOST = re.compile("[?？\ufffd]")


def _trail_index(trail: int) -> int | None:
    """0–156 for the trail bytes 40–7E and A1–FE."""
    if 0x40 <= trail <= 0x7E:  # noqa: PLR2004 — bytes, as the code page's tables print them
        return trail - 0x40
    if _FIRST_HIGH_TRAIL <= trail <= 0xFE:  # noqa: PLR2004
        return trail - _FIRST_HIGH_TRAIL + _LOW_TRAILS
    return None


def _user_defined(lead: int, trail: int) -> str | None:
    """Give the private-use character that Windows gives a user-defined pair; None for any other pair."""
    index = _trail_index(trail)
    if index is None:
        return None
    for first, last, first_trail, start in _USER_DEFINED:
        skipped = _trail_index(first_trail) or 0
        offset = (lead - first) * _TRAILS_A_LEAD + index - skipped
        if first <= lead <= last and offset >= 0:
            return chr(start + offset)
    return None


def _beyond_the_codec(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: user-defined characters as Windows has them, U+FFFD for a byte that is nothing."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    found = _user_defined(*pair) if len(pair) == 2 else None  # noqa: PLR2004 — a pair
    return (found, error.start + 2) if found else ("\ufffd", error.start + 1)


codecs.register_error("attendance.cp950", _beyond_the_codec)


def to_text(value: object, encoding: str) -> str:
    """Give a column's value as text without the padding around it; NULL is `''`.  Bytes are decoded, never refused.

    A database that knows no encoding hands CP950 on as bytes, or byte for byte as Latin-1.
    """
    if value is None:
        return ""
    if isinstance(value, str) and encoding == "cp950" and _is_bytes_as_text(value):
        value = value.encode("latin-1")
    if isinstance(value, bytes):
        return value.decode(encoding, "attendance.cp950" if encoding == "cp950" else "replace").strip()
    return str(value).strip()


def _is_bytes_as_text(text: str) -> bool:
    """Whether it may be bytes that were handed on one by one; with a character beyond them it is text already."""
    return not text.isascii() and max(text) <= "\xff"


def has_lost_characters(text: str) -> bool:
    """Whether a character was lost on the way into this text."""
    return _LOST.search(text) is not None


def is_no_date(text: str) -> bool:
    """Whether the text says that there is no date: `''`, `0`, `0000000`."""
    return not text.strip("0")


def roc_date(text: str) -> date | None:
    """`1100603` → 2021-06-03; six digits are a year below 100 that lost its zero; None for none or nonsense.

    Fewer digits are nonsense here: `10603` read as year 1 would claim every month since.
    """
    if len(text) not in _DATE_LENGTHS:
        return None
    try:
        return parse_roc_date(text)
    except ValueError:
        return None


def to_roc(day: date) -> str:
    """2021-06-03 → `1100603`."""
    return f"{day.year - ROC_YEAR_OFFSET:03d}{day:%m%d}"


def moment(day: date | None, time: str) -> datetime | None:
    """Give a day and `HHMM` (the first zero may be lost) as a local time; `2400` is 00:00 of the next day."""
    if day is None or not re.fullmatch(r"\d{3,4}", time, re.ASCII):
        return None
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 — local time, as the format has it
    if time == _MIDNIGHT:
        return midnight + timedelta(days=1)
    hour, minute = int(time[:-2]), int(time[-2:])
    if hour > 23 or minute > 59:  # noqa: PLR2004 — a clock
        return None
    return midnight + timedelta(hours=hour, minutes=minute)


def to_decimal(value: object) -> Decimal | None:
    """Give a number of any column type, exactly as the database prints it; None for NULL and for what is no number.

    None, too, for one of more digits than a duration can have: `1e999999` would take minutes to multiply.
    """
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):  # ValueError: an integer of more digits than Python prints
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _DIGITS else None


def hours_of(duration: object) -> int | None:
    """D.H as whole hours: 1.4 is a day and four hours, 12; None where it is no such duration or not above zero.

    The digit after the point counts hours, so it must be 0–7, and there is only one.  Durations are turned into hours
    one by one and never added up as they stand: 0.4 + 0.4 is one day, not 0.8.
    """
    hours = entitled_hours(duration)
    return hours or None


def entitled_hours(duration: object) -> int | None:
    """As `hours_of`, of what may be nothing at all: 0 days are 0 hours."""
    number = to_decimal(duration)
    if number is None or number < 0:
        return None
    days, digit = divmod(number * 10, 10)
    if digit != digit.to_integral_value() or digit >= HOURS_A_DAY:
        return None
    return int(days) * HOURS_A_DAY + int(digit)


def minutes_of(hours: object) -> int | None:
    """Hours with decimals as minutes, to the nearest one (1.33 is 80); None where it is no number above zero."""
    number = to_decimal(hours)
    if number is None or number <= 0:
        return None
    return int((number * 60 + Decimal("0.5")) // 1)


def shift_hours(hours: object) -> float | None:
    """Decimal hours of one duty, to two decimals; None unless above 0 and at most 24."""
    number = to_decimal(hours)
    rounded = None if number is None else round(number, 2)
    if rounded is None or not 0 < rounded <= HOURS_A_CLOCK_DAY:
        return None
    return float(rounded) if rounded % 1 else int(rounded)


def roc_year(text: str) -> int | None:
    """`110` → 2021; None for what is no such year."""
    return int(text) + ROC_YEAR_OFFSET if re.fullmatch(r"\d{2,3}", text, re.ASCII) else None


def normal_code(code: str) -> str:
    """Give a code with its leading zero: `1` and `01` are the same, and stay apart from `10` and `A1`."""
    return code.zfill(2) if code.isascii() and code.isdigit() else code
