"""What a pull says of itself: how many deliveries of which outcome, what was new, what could not be brought and why."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """What a channel could not bring: `reason` is one line, in Chinese and English; `source` a path or an address."""

    channel: str
    agency_code: str
    source: str
    reason: str


@dataclass
class PullReport:
    """What a pull of one month brought: `outcomes` counts `(channel, outcome)`, `arrived` new submissions."""

    month: str
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    arrived: int = 0
    failures: list[Failure] = field(default_factory=list)
