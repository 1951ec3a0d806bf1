"""Arithmetic of months written `YYYY-MM`, which sort as they follow one another."""

import re

#: Four digits of year, none of those that no calendar reaches over; the year after 9998 has no following January.
_MONTH = re.compile(r"(?!0000|9999)\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def is_month(text: str) -> bool:
    """Whether it is a month `YYYY-MM`."""
    return _MONTH.fullmatch(text) is not None


def shifted(month: str, by: int) -> str:
    """Return the month so many months later, or earlier where negative."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{number // 12:04}-{number % 12 + 1:02}"


def month_range(first: str, last: str) -> list[str]:
    """List the months from `first` to `last`, both included; none where `last` is before `first`."""
    apart = int(last[:4]) * 12 + int(last[5:]) - int(first[:4]) * 12 - int(first[5:])
    return [shifted(first, by) for by in range(apart + 1)]
