"""Entering by several processes: the same outcome, errors that keep their kind, and what is left when one is killed.

A document replaced by a named pipe holds whoever reads it still, in the middle of its batch, until the test goes on.
"""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import psutil
import pytest
from sqlalchemy import func, select

from assets import batches
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.workers import WorkerDied, WorkerFailed
from tests.support.installations import document, installation, refused, with_error
from warehouse.landing import LandingDamaged, NotLanded
from warehouse.ledger.engine import reading
from warehouse.ledger.lifecycle import RECEIVED
from warehouse.ledger.models import AgencyMonth, DatasetCount, Submission
from warehouse.sealed import SealBroken, UnknownKey
from warehouse.store import PersonKeyDiffers
from warehouse.store_tables import RecordsOutOfOrder

MONTH = "2021-06"
AGENCIES = [f"37650000{number}A" for number in range(4)]
ROOT = Path(__file__).parents[2]
ENTER = """
import sys
from pathlib import Path
from assets import batches
from assets.entering import enter
from pipelines.resources import platform
from pipelines.settings import Settings
batches.BATCH_DOCUMENTS = 1
enter(platform(Settings(home=Path(sys.argv[1]), entry_workers=2)), "2021-06")
"""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_DOCUMENTS", 1)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Five submissions wait, each a batch of its own; two processes."""
    return landed(tmp_path / "home", entry_workers=2)


def landed(home: Path, **settings) -> Platform:
    opened = installation(home, **settings)
    first, second, third, fourth = AGENCIES
    documents = [document(first), with_error(second), refused(third), document(fourth), document(first, reason="x")]
    hand_in(opened, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])
    return opened


def stored(opened: Platform) -> dict[str, bytes]:
    root = opened.home.store
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def recorded(opened: Platform) -> tuple[dict[str, str], int, int]:
    """State of each submission; counts by dataset; agency-months that count something."""
    with reading(opened.engine) as session:
        states = {one.id: one.state for one in session.scalars(select(Submission))}
        rows = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (DatasetCount, AgencyMonth)]
    return states, rows[0], rows[1]


def landed_file(opened: Platform, agency_code: str) -> Path:
    with reading(opened.engine) as session:
        id_ = session.scalar(select(Submission.id).where(Submission.agency_code == agency_code))
    assert id_ is not None
    return opened.home.landing / id_[:2] / id_


@contextmanager
def held_back(opened: Platform) -> Iterator[tuple[Path, bytes]]:
    """A document that whoever reads it waits for; its place and bytes, which are back there afterwards."""
    path = landed_file(opened, AGENCIES[1])
    data = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    try:
        yield path, data
    finally:
        path.unlink()
        path.write_bytes(data)


class Gate:
    """The writer's end of a pipe, held open: whoever reads it has it open by now, and waits."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        os.close(self._descriptor)

    def give(self, data: bytes) -> None:
        os.write(self._descriptor, data)


def workers_of(parent: psutil.Process) -> list[psutil.Process]:
    return [one for one in parent.children() if "spawn_main" in " ".join(one.cmdline())]


def test_by_processes_as_in_this_one(tmp_path):
    alone, many = landed(tmp_path / "alone", entry_workers=1), landed(tmp_path / "many", entry_workers=3)
    many = replace(many, person_key=alone.person_key)
    ways = [enter(one, MONTH) for one in (alone, many)]
    outcomes = [sorted(way.outcomes, key=lambda one: (one.agency_code, one.submission_id)) for way in ways]
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) == 5
    assert stored(alone) == stored(many)
    assert recorded(alone) == recorded(many)


def test_a_damaged_document_is_said_as_it_is_in_this_process(platform):
    path = landed_file(platform, AGENCIES[3])
    path.chmod(0o644)
    path.write_bytes(b"{}")
    said = []
    for workers in (1, 2):
        with pytest.raises(LandingDamaged) as raised:
            enter(replace(platform, workers=workers), MONTH)
        assert raised.value.place == str(path)
        said.append(str(raised.value))
    assert said[0] == said[1]
    assert recorded(platform)[0][path.name] == RECEIVED


@pytest.mark.parametrize(
    "error",
    [
        LandingDamaged(Path("landing/ab"), "3 bytes instead of 4"),
        NotLanded("ab"),
        UnknownKey("0123abcd"),
        SealBroken("chunk 3 does not open"),
        PersonKeyDiffers(Path("store")),
        RecordsOutOfOrder("leaves"),
        WorkerFailed("ValueError: no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_on_the_other_side(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_killed_worker_loses_nothing(platform):
    with held_back(platform) as (path, data), ThreadPoolExecutor(1) as thread:
        entering = thread.submit(enter, platform, MONTH)
        with Gate(path) as gate:
            (worker,) = workers_of(psutil.Process())
            worker.kill()
            assert psutil.wait_procs([worker], timeout=60)[1] == []
            with suppress(BrokenPipeError):  # it was the worker that read
                gate.give(data)
        with pytest.raises(WorkerDied, match="run it again"):
            entering.result()
    states, _, _ = recorded(platform)
    assert states[path.name] == RECEIVED
    before = {id_ for id_, state in states.items() if state != RECEIVED}
    again = enter(platform, MONTH)
    assert {one.submission_id for one in again.outcomes} == set(states) - before
    states, counts, agency_months = recorded(platform)
    assert RECEIVED not in states.values()
    # Five datasets of each submission that was let in (a document with an unknown property is not), each once.
    assert (counts, agency_months) == (5 * 3, 3)
    assert not list(platform.home.store.rglob("*.part"))


@contextmanager
def entering_elsewhere(opened: Platform) -> Iterator[psutil.Process]:
    """A process of its own, in a group of its own, that enters the month."""
    command = [sys.executable, "-c", ENTER, str(opened.home.root)]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE) as process:
        yield psutil.Process(process.pid)


def test_workers_end_with_a_parent_that_is_killed(platform):
    with held_back(platform) as (path, _), entering_elsewhere(platform) as parent, Gate(path):
        workers = workers_of(parent)
        assert len(workers) == 1
        parent.kill()
        assert psutil.wait_procs(workers, timeout=60)[1] == []
    assert recorded(platform)[0][path.name] == RECEIVED
    enter(platform, MONTH)
    assert RECEIVED not in recorded(platform)[0].values()


def test_ctrl_c_leaves_no_worker_behind(platform):
    with held_back(platform) as (path, data), entering_elsewhere(platform) as parent:
        with Gate(path) as gate:
            workers = workers_of(parent)
            assert len(workers) == 1
            os.killpg(parent.pid, signal.SIGINT)
            time.sleep(2)  # on a busy machine it hears of it late, and by then the batch must not be done
            gate.give(data)
        assert psutil.wait_procs([parent, *workers], timeout=60)[1] == []
    assert recorded(platform)[0][path.name] == RECEIVED
    enter(platform, MONTH)
    assert RECEIVED not in recorded(platform)[0].values()
