"""Measure marking: what it costs to show a national month, agency by agency, in Dagster's grid.

    python benchmarks/dagster_marks.py --agencies 8300 --sample 300

On SQLite and on PostgreSQL (Debian's, started here, waiting for the disk as it does by default), in an op of a run on a
real instance: the platform's way for all agencies, and Dagster's ordinary way, `context.log_event`, for a sample, on
Dagster's own configuration.  Afterwards the grid is asked: every agency-month must be there with its check result.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from measure import Outcome

from assets.marks import ASSET, FINDINGS, Mark, events
from assets.partitions import know_agencies
from assets.telling import reckon_grid, remember, say, tell
from pipelines.dagster_home import prepare
from pipelines.settings import Settings

sys.path.append(str(Path(__file__).parents[1]))  # the tests' own PostgreSQL
from tests.support.postgres import PostgresServer, find_binaries

MONTH = "2021-06"
REFUSED_EVERY, ERRORS_EVERY = 200, 10
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Marking:
    """Seconds of wall and processor time for a number of marks."""

    marks: int
    wall: float
    cpu: float

    @property
    def milliseconds(self) -> float:
        """Wall time a mark."""
        return self.wall / self.marks * 1000


def marks_of_a_month(agencies: int, month: str = MONTH) -> list[Mark]:
    """Marks as a national month has them: one agency in 200 refused, one in ten with errors, counts by dataset."""
    return [_mark(number, month) for number in range(agencies)]


def _mark(number: int, month: str) -> Mark:
    refused, errors = number % REFUSED_EVERY == 1, number % ERRORS_EVERY == 0
    state = "refused" if refused else "entered_with_errors" if errors else "entered"
    entered = {"employees": 72, "leaves": 170, "overtime": 60, "clockings": 2530 + number % 500}
    lost = {**dict.fromkeys(entered, 0), "overtime": int(errors)}
    return Mark(
        agency_code=f"{300_000_000 + number * 100:09d}A",
        month=month,
        submission_id=f"{number:064x}",
        state=state,
        fatal=int(refused),
        errors=int(errors),
        warnings=number % 7,
        read={} if refused else {name: entered[name] + lost[name] for name in entered},
        entered={} if refused else entered,
        refused={} if refused else lost,
        rules={"R102": 1} if errors else {},
    )


def mark(instance: dg.DagsterInstance, marks: Sequence[Mark], month: str = MONTH) -> Marking:
    """Mark as the platform's jobs do."""

    @dg.op
    def mark_all(context: dg.OpExecutionContext) -> None:
        tell(context, events(marks))
        remember(context.instance, month, marks)
        reckon_grid(context.instance)

    return _run(instance, mark_all, len(marks))


def log(instance: dg.DagsterInstance, marks: Sequence[Mark]) -> Marking:
    """Mark in Dagster's ordinary way."""

    @dg.op
    def log_all(context: dg.OpExecutionContext) -> None:
        for event in events(marks):
            say(context, event)

    return _run(instance, log_all, len(marks))


def _run(instance: dg.DagsterInstance, op: dg.OpDefinition, marks: int) -> Marking:
    job = dg.GraphDefinition(name="marking", node_defs=[op]).to_job(executor_def=dg.in_process_executor)
    wall, cpu = time.perf_counter(), time.process_time()
    job.execute_in_process(instance=instance, run_config=QUIET)
    return Marking(marks, time.perf_counter() - wall, time.process_time() - cpu)


@contextmanager
def _instance(home: Path, url: str | None, *, own: bool) -> Iterator[dg.DagsterInstance]:
    """An instance in an empty home: the platform's `dagster.yaml`, or (`own`) as Dagster is by itself."""
    folder = prepare(Settings(home=home, dagster_url=url))
    if own and url is None:
        (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


@contextmanager
def postgresql(*, durable: bool = True) -> Iterator[str]:
    """A server of its own; the URL that Dagster takes."""
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL is not on this machine: apt-get install postgresql")
    server = PostgresServer(binaries, durable=durable)
    try:
        server.start()
        yield server.url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    finally:
        server.stop()


def measure_marks(agencies: int, url: str | None, work: Path | None = None) -> Marking:
    """The platform's way of all agencies; on SQLite where there is no `url`.

    Raises AssertionError where the grid then lacks an agency-month or a check result.
    """
    marks = marks_of_a_month(agencies)
    with (
        tempfile.TemporaryDirectory(dir=work) as folder,
        _instance(Path(folder), url, own=False) as instance,
    ):
        know_agencies(instance, {one.agency_code for one in marks})
        ours = mark(instance, marks)
        _check(instance, marks)
    return ours


def measure_ordinary(sample: int, url: str | None, work: Path | None = None) -> Marking:
    """Dagster's ordinary way of a sample, on Dagster's own configuration."""
    with (
        tempfile.TemporaryDirectory(dir=work) as folder,
        _instance(Path(folder), url, own=True) as instance,
    ):
        return log(instance, marks_of_a_month(sample, "2021-05"))


def mark_on_both(agencies: int, work: Path) -> Outcome:
    """The platform's way on SQLite and, where it is on this machine, PostgreSQL: seconds by database."""
    taken = {"SQLite": measure_marks(agencies, None, work)}
    if find_binaries():
        with postgresql() as url:
            taken["PostgreSQL"] = measure_marks(agencies, url, work)
    seconds = {database: marking.wall for database, marking in taken.items()}
    cpu = {database: marking.cpu for database, marking in taken.items()}
    return Outcome(seconds, {"marks": agencies}, 0, cpu)


def _check(instance: dg.DagsterInstance, marks: Sequence[Mark]) -> None:
    there = {str(key) for key in instance.get_materialized_partitions(ASSET) if str(key).endswith(MONTH)}
    assert there == {f"{one.agency_code}|{MONTH}" for one in marks if one.is_entered}
    history = instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=len(marks))
    passed = {one.partition: one.status.value == "SUCCEEDED" for one in history}
    assert passed == {f"{one.agency_code}|{MONTH}": one.state == "entered" for one in marks}


def report(database: str, ours: Marking, ordinary: Marking) -> str:
    """Two lines: what it takes, and beside Dagster's ordinary way."""
    scaled = ordinary.milliseconds * ours.marks / 1000
    return (
        f"{database}: {ours.marks:,} agency-months marked in {ours.wall:.1f} s (processor {ours.cpu:.1f} s), "
        f"{ours.milliseconds:.2f} ms a mark\n"
        f"{'':{len(database)}}  Dagster's ordinary way {ordinary.milliseconds:.1f} ms a mark over {ordinary.marks}, "
        f"{scaled:.0f} s for all: ratio {ours.milliseconds / ordinary.milliseconds:.3f}"
    )


def main() -> None:
    """Measure both databases and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agencies", type=int, default=8_300)
    parser.add_argument("--sample", type=int, default=300, help="marks made in Dagster's ordinary way")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="where files go")
    options = parser.parse_args()
    for database, server in (("SQLite", nullcontext()), ("PostgreSQL", postgresql())):
        with server as url:
            ordinary = measure_ordinary(options.sample, url, options.work)
            print(report(database, measure_marks(options.agencies, url, options.work), ordinary), flush=True)


if __name__ == "__main__":
    main()
