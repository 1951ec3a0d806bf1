"""Dead runs: everything of Dagster's is killed in the middle of a run; how long until its month is published after all.

`python benchmarks/dead_runs.py [--postgresql] [--agencies 150]`.  A real daemon with its code server over a home of its
own; the run is one that a sensor or `dagster job launch` asked for.  At the beginning of each stage in turn every
process is ended with SIGKILL, as a power cut or the system would, and the daemon is started again.  Prints for each
stage the seconds from the restart until the run counts as failed, until it was taken up again, and until what had
arrived is published; ends with 1 where anything is missing or took more than its two minutes to be found out.
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import dagster as dg
import psutil
from psycopg import sql
from sqlalchemy import URL, select

from assets.core_tables import behind
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from pipelines.dagster_home import prepare
from pipelines.resources import platform
from pipelines.sensors import AGAIN_AFTER
from pipelines.settings import load_settings
from tests.support.dagster_processes import dagster_process, wait_until
from tests.support.installations import add_agencies, document
from tests.support.postgres import PostgresServer, find_binaries
from warehouse.ledger.engine import reading
from warehouse.ledger.models import AgencyMonth

MONTH, OTHER = "2021-06", "2021-05"
#: Stage → the job whose run is killed there.
STAGES = {
    "pull_month": "pull",
    "enter_month_of_all": "entry",
    "review_what_changed": "entry",
    "publish_one_month": "entry",
    "mark_agency_months": "entry",
}
FOUND_OUT_WITHIN, PUBLISHED_WITHIN = 120.0, 600.0


@dataclass
class Trial:
    """What came of a kill: seconds after the restart."""

    stage: str
    failed: float
    again: float
    published: float


def main() -> int:
    """Kill at each stage, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="ledger and Dagster's storage on PostgreSQL")
    parser.add_argument("--agencies", type=int, default=150)
    asked = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="dead-runs-") as work, _databases(asked.postgresql) as databases:
        for number, stage in enumerate(STAGES):
            trial = _trial(Path(work) / str(number), stage, asked.agencies, next(databases))
            print(
                f"{trial.stage:20} failed after {trial.failed:5.1f} s, taken up again after {trial.again:5.1f} s, "
                f"published after {trial.published:5.1f} s",
                flush=True,
            )
            wrong += trial.failed > FOUND_OUT_WITHIN
    print(f"{len(STAGES) - wrong}/{len(STAGES)} found out within {FOUND_OUT_WITHIN:g} s of the restart")
    return 1 if wrong else 0


@contextmanager
def _databases(wanted: bool) -> Iterator[Iterator[dict[str, str]]]:
    """Settings of two databases for each trial, where they are wanted."""
    with ExitStack() as stack:
        server = None
        if wanted:
            binaries = find_binaries()
            if binaries is None:
                raise SystemExit("PostgreSQL is not on this machine")
            server = PostgresServer(binaries)
            server.start()
            stack.callback(server.stop)

        def settings() -> Iterator[dict[str, str]]:
            while True:
                if server is None:
                    yield {}
                    continue
                ledger, dagster = (_new_database(server) for _ in range(2))
                yield {
                    "ATTENDANCE_LEDGER_URL": ledger.render_as_string(hide_password=False),
                    "ATTENDANCE_DAGSTER_URL": dagster.set(drivername="postgresql+psycopg2").render_as_string(False),
                }

        yield settings()


def _new_database(server: PostgresServer) -> URL:
    name = f"trial{secrets.token_hex(4)}"
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server.url.set(database=name)


def _trial(home: Path, stage: str, agencies: int, databases: dict[str, str]) -> Trial:
    os.environ |= {"ATTENDANCE_HOME": str(home), "DAGSTER_HOME": str(home / "dagster"), **databases}
    settings = load_settings(home)
    opened = platform(settings)
    (home / "sources.toml").write_text("[manual]\nsettle_seconds = 0\n", encoding="utf-8")
    codes = [f"3765{number:05}A" for number in range(agencies)]
    add_agencies(opened, *codes)
    with dg.DagsterInstance.from_config(str(prepare(settings))) as instance:
        with _daemon(home):
            run_id = _begun(opened, instance, home, stage, codes)
            _kill_all(home)
        hand_in(opened, [HandedIn("other month", document(codes[0], OTHER))])
        began = time.monotonic()
        with _daemon(home):
            wait_until(lambda: _status(instance, run_id) is dg.DagsterRunStatus.FAILURE, PUBLISHED_WITHIN)
            failed = time.monotonic() - began
            wait_until(lambda: _taken_up(instance, run_id), PUBLISHED_WITHIN)
            again = time.monotonic() - began
            wait_until(lambda: _published(opened, instance), PUBLISHED_WITHIN)
            trial = Trial(stage, failed, again, time.monotonic() - began)
            _kill_all(home)
    opened.engine.dispose()
    shutil.rmtree(home)
    return trial


@contextmanager
def _daemon(home: Path) -> Iterator[None]:
    with dagster_process(["dagster-daemon", "run", "-w", "workspace.yaml"], home, home / "daemon.log"):
        yield


def _begun(opened: Platform, instance: dg.DagsterInstance, home: Path, stage: str, codes: list[str]) -> str:
    """Have a run made, and wait until it is at the stage; its id."""
    documents = [document(code, MONTH) for code in codes]
    if STAGES[stage] == "pull":
        for code, data in zip(codes, documents, strict=True):
            (home / "inbox" / f"{code}.json").write_bytes(data)
        tags = f'{{"dagster/partition": "{MONTH}"}}'
        launch = ["job", "launch", "-w", "workspace.yaml", "-j", "pull", "--tags", tags]
        subprocess.run([str(Path(sys.executable).with_name("dagster")), *launch], check=True, capture_output=True)
    else:
        hand_in(opened, [HandedIn(code, data) for code, data in zip(codes, documents, strict=True)])
    found: list[str] = []

    def at_the_stage() -> bool:
        for run in instance.get_runs(dg.RunsFilter(job_name=STAGES[stage])):
            steps = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
            if any(entry.step_key == stage for entry in steps):
                found.append(run.run_id)
        return bool(found)

    wait_until(at_the_stage, PUBLISHED_WITHIN, every=0.02)
    return found[0]


def _kill_all(home: Path) -> None:
    """End with SIGKILL whatever was started over this home."""
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("ATTENDANCE_HOME") == str(home) and process.pid != os.getpid()
            if ours:
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    return run.status if run else dg.DagsterRunStatus.NOT_STARTED


def _taken_up(instance: dg.DagsterInstance, run_id: str) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(tags={AGAIN_AFTER: run_id})))


def _published(opened: Platform, instance: dg.DagsterInstance) -> bool:
    """Whether both months are, and nothing goes on any more."""
    if instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED])):
        return False
    return opened.home.warehouse.exists() and behind(opened, instance) == [] and _entered(opened) == {MONTH, OTHER}


def _entered(opened: Platform) -> set[str]:
    with reading(opened.engine) as session:
        return set(session.scalars(select(AgencyMonth.month).distinct()))


if __name__ == "__main__":
    sys.exit(main())
