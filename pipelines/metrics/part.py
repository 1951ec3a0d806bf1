"""A part of the metrics: what it looks at, how old its answer may be, and what it has to look with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import dagster as dg
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from assets.platform import Platform

Family = GaugeMetricFamily | InfoMetricFamily

PREFIX = "attendance_"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a part looks at, at the moment `now`."""

    platform: Platform
    instance: dg.DagsterInstance
    now: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """`look` gives the families; an answer is given again until it is `max_age` seconds old (0: never)."""

    name: str
    look: Callable[[Looked], Iterable[Family]]
    max_age: float = 0


def gauge(name: str, said: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    """A family without samples yet; `name` without the prefix."""
    return GaugeMetricFamily(PREFIX + name, said, labels=tuple(labels))


def single(name: str, said: str, value: float) -> GaugeMetricFamily:
    """A family of one sample."""
    return GaugeMetricFamily(PREFIX + name, said, value=value)
