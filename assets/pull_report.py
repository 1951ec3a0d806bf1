"""What a pull says of itself: how many deliveries of which outcome, what was new, what could not be fetched and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


class FailureGroup(NamedTuple):
    """Failures with one cause: `host` is `host:port`, or `''` where no host was asked; `agencies` how many."""

    channel: str
    host: str
    reason: str
    agencies: int

    def __str__(self) -> str:
        """As one line: `webitr hr.example:443: … (27)`."""
        return f"{self.channel}{self.host and ' '}{self.host}: {self.reason} ({self.agencies:,})"


@dataclass(frozen=True, slots=True)
class NotBrought:
    """An agency's month that a channel did not bring: `reason` is one line, in Chinese and English.

    `source` is a path or an address.
    """

    channel: str
    agency_code: str
    source: str
    reason: str

    @property
    def host(self) -> str:
        """The host and port that were asked; `''` where the source is no address."""
        return host_of(self.source)


@dataclass
class PullReport:
    """What a pull of one month brought: `outcomes` counts `(channel, outcome)`, `arrived` new submissions.

    `failures` could not be fetched; of `without_records` the source has nothing of the month yet, which is no failure
    and never a statement that there was nothing.
    """

    month: str
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    arrived: int = 0
    failures: list[NotBrought] = field(default_factory=list)
    without_records: list[NotBrought] = field(default_factory=list)

    def groups(self) -> list[FailureGroup]:
        """The failures by channel, host and reason, the largest group first."""
        return grouped((one.channel, one.host, one.reason) for one in self.failures)


def grouped(causes: Iterable[tuple[str, str, str]]) -> list[FailureGroup]:
    """Count failures, each given as channel, host and reason; the largest group first."""
    counted = Counter(causes)
    return [
        FailureGroup(*cause, number) for cause, number in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ]


def host_of(source: str) -> str:
    """`host:port` of an address, the scheme's port where it names none; `''` for any text that is no address."""
    try:
        parts = urlsplit(source)
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{host}:{port}" if host and port else host
