"""What a channel is: it brings bytes and says where they came from, and judges nothing.

A fourth channel is one module with a settings model and a class like those of `manual.py`, and a line in
`registry.py`.  What belongs here is only what every channel and whoever runs them must agree on.
"""

import errno
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from warehouse.landing import Landed

#: Puts a stream of bytes into landing, all of it or nothing: `Landing.put_stream` with the limit filled in.
Land = Callable[[Iterable[bytes]], Landed]

#: The channel that is asked for no agency: whatever lies in the inbox is taken.
MANUAL = "manual"
MONTH_PATTERN = r"\d{4}-(0[1-9]|1[0-2])"
AGENCY_PATTERN = r"[0-9A-Z]{10}"
_DETAIL_LENGTH = 500


class Outcome(StrEnum):
    """What became of one attempt to get one agency's month."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    NOTHING = "nothing"
    FAILED = "failed"
    #: Not one agency's month but the channel itself: an inbox that cannot be listed.
    DOWN = "down"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True, slots=True)
class Reason:
    """One line for people, in Traditional Chinese and in English; empty where there is nothing to say."""

    zh: str = ""
    en: str = ""

    def __str__(self) -> str:
        """Both, as the ledger keeps it."""
        return one_line(f"{self.zh} {self.en}".strip())


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel reports for one agency and month; `submission_id` and `bytes` only where something is in landing.

    `source` is an address or path without secrets.  `agency_code` and `month` are `''` where a file handed in does not
    say them.  `received_at` is UTC.
    """

    channel: str
    agency_code: str
    month: str
    outcome: Outcome
    source: str
    submission_id: str | None = None
    bytes: int = 0
    etag: str | None = None
    reason: Reason = Reason()
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the last successful fetch of an agency-month brought."""

    etag: str | None
    submission_id: str | None


class FetchMemory(Protocol):
    """What the pulling channels remember, so that nothing is fetched twice.

    Read by channels only: whoever records a delivery writes the memory in the same transaction, so that a crash
    between landing and ledger makes the month be fetched again.
    """

    def recall(self, channel: str, month: str) -> Mapping[str, Remembered]:
        """Agency code → what is remembered of that month."""
        ...


class NoMemory:
    """Remembers nothing: everything is fetched anew."""

    def recall(self, channel: str, month: str) -> Mapping[str, Remembered]:  # noqa: ARG002 — the protocol's
        """Nothing."""
        return {}


class PlatformUnavailable(Exception):  # noqa: N818 — says what happened
    """Landing or ledger failed, which concerns every agency alike; `__cause__` is its own error."""


class Channel(Protocol):
    """One way in.

    Making one connects to nothing; closing the iterator early stops the work and leaves nothing running.
    """

    name: str

    def collect(self, month: str, agencies: Sequence[str], memory: FetchMemory, land: Land) -> Iterator[Delivery]:
        """One delivery for each agency asked for, in any order; a failure is a delivery, never an exception.

        Only `PlatformUnavailable`, which `land` and `memory` raise, is let through.  `land` is called from the thread
        that takes the deliveries.
        """
        ...

    def confirm(self, delivery: Delivery) -> None:
        """Say that a delivery, of whatever outcome, is committed in the ledger; only now may its original be moved."""
        ...


def one_line(text: str) -> str:
    """Text as one line of at most 500 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _DETAIL_LENGTH else line[: _DETAIL_LENGTH - 1] + "…"


def unforeseen(error: BaseException) -> Reason:
    """What to say of an error that nobody thought of: its kind and where it was raised, never its text.

    The text may quote what a server or a database sent.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Reason("本機磁碟或暫存空間不足", "no room left on this machine's disk or in its temporary folder")
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Reason(
        "發生未預期的錯誤，請通知系統維護人員", f"unforeseen error ({type(error).__name__}{at}), tell the maintainers"
    )


def check_month(month: str) -> None:
    """Raise `ValueError` unless `month` is `YYYY-MM`, as it becomes part of addresses and names of tables."""
    if not re.fullmatch(MONTH_PATTERN, month, re.ASCII):
        raise ValueError(f"月份應為 YYYY-MM a month is YYYY-MM, not {month!r}")
