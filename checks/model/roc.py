"""Dates of the Republic of China (民國) calendar, as the government's files and the agencies' systems write them.

What belongs here: reading and writing such dates.  Year 1 is 1912.
"""

import re
from datetime import date

#: Gregorian year = ROC year + this.
ROC_YEAR_OFFSET = 1911

#: `YYYMMDD`; a year below 100 may have lost its leading zeros (`991225`, `70101`).
_ROC_DATE = re.compile(r"([0-9]{1,3})([0-9]{2})([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def parse_roc_date(text: str) -> date | None:
    """`YYYMMDD` text as a date: `1100603` → 2021-06-03, `0991225` and `991225` → 2010-12-25.

    `''`, `0` and any other run of zeros mean "no date" and give None; surrounding blanks do not count.
    Raises ValueError on anything else that is no real date of ROC year 1 or later.
    """
    digits = text.strip()
    if not digits.strip("0"):
        return None
    matched = _ROC_DATE.fullmatch(digits)
    if matched is None:
        raise ValueError(f"not a ROC date (YYYMMDD): {text!r}")
    year, month, day = (int(part) for part in matched.groups())
    if year == 0:
        raise ValueError(f"there is no year 0 in the ROC calendar: {text!r}")
    try:
        return date(year + ROC_YEAR_OFFSET, month, day)
    except ValueError as error:
        raise ValueError(f"no such day: ROC date {text!r}") from error


def roc_month_text(month: str) -> str:
    """`2021-06` → `110年6月`, as reports and pages show it.

    Raises ValueError where the text is no `YYYY-MM` or lies before ROC year 1.
    """
    matched = _MONTH.fullmatch(month)
    if matched is None:
        raise ValueError(f"not a month (YYYY-MM): {month!r}")
    year = int(matched[1]) - ROC_YEAR_OFFSET
    if year < 1:
        raise ValueError(f"before the ROC calendar: {month!r}")
    return f"{year}年{int(matched[2])}月"
