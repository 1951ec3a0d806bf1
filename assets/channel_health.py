"""Whether a channel works: of the agencies that it was asked for, how many it failed, against a limit of the settings.

The one judgement of a pull.  The run's result, the asset check, `scheduled watch`, `doctor`, the metrics and the exit
codes of `attendance pull` and `attendance run` all ask here: of a pull that just ended its own report, and otherwise
what the ledger's table `fetches` has of each channel's newest month.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.channels.protocol import MANUAL, Outcome
from assets.pull_report import FailureGroup, PullReport, grouped
from warehouse.ledger.models import Fetch

_FAILED = (Outcome.FAILED.value, Outcome.NOT_CONFIGURED.value, Outcome.DOWN.value)
#: Causes that a line names.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How a channel answered for a month: it was asked for so many agencies, and failed so many of them.

    An inbox is asked once, whoever its files are of.  `limit` is the share above which the channel counts as down,
    `at` when it was last asked (None: in the pull that this is of), `causes` the failures, the largest group first.
    """

    channel: str
    month: str
    asked: int
    failed: int
    limit: float
    causes: tuple[FailureGroup, ...]
    at: datetime | None = None

    @property
    def is_down(self) -> bool:
        """Whether so many failed that it is the channel, and not some agencies."""
        return self.failed > self.limit * self.asked

    def __str__(self) -> str:
        """As one line, in Chinese and English, with the largest causes."""
        causes = "；".join(map(str, self.causes[:_NAMED])) + (" …" if len(self.causes) > _NAMED else "")
        return (
            f"{self.channel} {self.month}: {self.failed:,}/{self.asked:,} 個機關收件失敗 agencies failed"
            + (f"，超過上限 above the limit of {self.limit:.0%}" if self.is_down else "")
            + (f": {causes}" if causes else "")
        )


def health_of(report: PullReport, limit: float) -> list[ChannelHealth]:
    """How each channel did in a pull."""
    counts = {name: Counter[str]() for name in sorted({channel for channel, _ in report.outcomes})}
    for (channel, outcome), number in report.outcomes.items():
        counts[channel][outcome] += number
    return [
        _health(name, report.month, outcomes, limit, [one for one in report.groups() if one.channel == name])
        for name, outcomes in counts.items()
    ]


def health_recorded(session: Session, limit: float) -> list[ChannelHealth]:
    """How each channel last answered for the newest month that it was asked for, by the ledger."""
    newest = session.execute(select(Fetch.channel, func.max(Fetch.month)).group_by(Fetch.channel)).all()
    found = []
    for channel, month in sorted(tuple(row) for row in newest):
        query = select(Fetch.outcome, Fetch.host, Fetch.detail, Fetch.fetched_at)
        rows = session.execute(query.where(Fetch.channel == channel, Fetch.month == month)).all()
        causes = grouped((channel, row.host or "", row.detail or "") for row in rows if row.outcome in _FAILED)
        outcomes = Counter(row.outcome for row in rows)
        found.append(_health(channel, month, outcomes, limit, causes, max(row.fetched_at for row in rows)))
    return found


def _health(
    channel: str,
    month: str,
    outcomes: Counter[str],
    limit: float,
    causes: Iterable[FailureGroup],
    at: datetime | None = None,
) -> ChannelHealth:
    """Judge; a channel of files is asked once, and a file of it that is refused is no failure of the channel."""
    if outcomes[Outcome.DOWN.value]:
        return ChannelHealth(channel, month, 1, 1, limit, tuple(causes), at)
    if channel == MANUAL:
        return ChannelHealth(channel, month, 1, 0, limit, (), at)
    failed = sum(outcomes[name] for name in _FAILED)
    return ChannelHealth(channel, month, outcomes.total(), failed, limit, tuple(causes), at)
