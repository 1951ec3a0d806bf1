"""How the oracle writes what findings show: intervals, days, and text with national IDs masked."""

import re
from typing import Any


def interval(record: dict[str, Any]) -> str:
    return f"{record['start']}～{record['end']}"


def span_of_days(first: str | None, last: str | None) -> str:
    """Days from one to another; a day alone once, an open end as such."""
    if first == last:
        return str(first)
    if first is None:
        return f"至 {last}"
    return f"{first} 起" if last is None else f"{first}～{last}"


def masked(person_id: str) -> str:
    """A national ID as findings show it; of anything else at most its ends."""
    if len(person_id) == 10:
        return f"{person_id[:3]}****{person_id[-3:]}"
    last = person_id[-1:] if person_id.isascii() else ""
    return f"{person_id[0]}****{last}" if len(person_id) > 2 else "****"


def shown(text: str) -> str:
    """An agency's own text in a finding: national IDs masked, then its first 40 characters."""
    return re.sub(r"[A-Za-z][A-Da-d1289][0-9]{8}", lambda found: masked(found.group()), text)[:40]
