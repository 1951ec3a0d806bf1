"""The collector: asks each part when Prometheus asks, gives answers that are young enough again, and survives a part.

A part that cannot be looked at (the ledger is down) leaves its metrics out and says so in `attendance_metrics_part_ok`;
the others are there.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
from prometheus_client.registry import Collector

from assets.platform import Platform
from pipelines.metrics import of_channels, of_keeping, of_months, of_runs
from pipelines.metrics.part import Family, Looked, Part, gauge
from warehouse.journal import log

#: Seconds for which answers are kept that take longer than some milliseconds on a national ledger (docs/operating.md).
_MINUTE, _FIVE = 60, 300


def parts() -> list[Part]:
    """Every part, with a memory of its own where it has one."""
    return [
        Part("build", of_keeping.build),
        Part("waiting", of_months.waiting),
        Part("runs", of_runs.runs),
        Part("behind", of_months.Behind()),
        Part("audit", of_keeping.audit),
        Part("notices", of_keeping.notices),
        Part("disk", of_keeping.disk),
        Part("doctor", of_keeping.doctor),
        Part("months", of_months.by_month, _MINUTE),
        Part("channels", of_channels.channels, _MINUTE),
        Part("undone", of_runs.undone, _FIVE),
        Part("kept", of_keeping.kept, _FIVE),
        Part("records", of_months.records, _FIVE),
        Part("findings", of_months.Findings(), _MINUTE),
    ]


@dataclass
class _Answer:
    families: list[Family]
    at: float
    seconds: float
    ok: bool


class Metrics(Collector):
    """One scrape at a time: a second one waits, and then finds answers that are young."""

    def __init__(
        self, platform: Platform, instance: dg.DagsterInstance, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._platform, self._instance, self._seconds = platform, instance, seconds
        self._parts = parts()
        self._answers: dict[str, _Answer] = {}
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Family]:
        """Give every family, and of each part whether it could be looked at, how long that took and how old it is."""
        ok = gauge("metrics_part_ok", "該部分能否讀取 1 where the part could be looked at", ["part"])
        took = gauge("metrics_part_seconds", "讀取秒數 How long that took", ["part"])
        age = gauge("metrics_part_age_seconds", "距讀取之秒數 How long ago that was", ["part"])
        with self._lock:
            due = self._due()
            for part in self._parts:
                answer = self._look(part) if part.name in due else self._answers[part.name]
                yield from answer.families
                ok.add_metric([part.name], answer.ok)
                took.add_metric([part.name], answer.seconds)
                age.add_metric([part.name], self._seconds() - answer.at)
        yield from (ok, took, age)

    def describe(self) -> list[Family]:
        """Nothing: whoever registers a collector without this has it collect at once."""
        return []

    def _due(self) -> set[str]:
        """The parts to look at now: those without an answer, and of those that are kept for a while the oldest alone.

        So that no scrape waits for all of them at once.
        """
        fresh, aged = set[str](), list[tuple[float, str]]()
        for part in self._parts:
            held = self._answers.get(part.name)
            if held is None or not held.ok or not part.max_age:
                fresh.add(part.name)
            elif self._seconds() - held.at >= part.max_age:
                aged.append((held.at, part.name))
        return fresh | {name for _, name in sorted(aged)[:1]}

    def _look(self, part: Part) -> _Answer:
        held = self._answers.get(part.name)
        began = time.perf_counter()
        looked = Looked(self._platform, self._instance, self._platform.clock())
        try:
            families, ok = list(part.look(looked)), True
        except Exception as error:  # noqa: BLE001 — whatever is wrong with one part, the others are asked
            families, ok = [], False
            if held is None or held.ok:
                log.error("metrics_part_failed", part=part.name, error=type(error).__name__)
        answer = _Answer(families, self._seconds(), time.perf_counter() - began, ok)
        self._answers[part.name] = answer
        return answer
