"""What is killed in the trials: a month's run as `attendance run` makes it, step by step, in a process of its own.

A process is forked from a server that has everything imported and no thread of ours started, so that a trial costs
what its work costs.  It says on a pipe what it begins; whoever listens kills it whenever he likes.
"""

import faulthandler
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg
import psutil

from assets import batches
from assets.channels.documents import read_submissions
from assets.entry import enter_month, months_outside, not_accounted_for
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_months
from assets.pull import pull
from assets.reviewing import review
from pipelines.cli.failures import one_line
from pipelines.dagster_home import prepare
from pipelines.definitions import defs
from pipelines.demo.run import DemoPlatform
from pipelines.jobs import monthly
from pipelines.resources import platform
from pipelines.settings import Settings

#: The steps of a run, in order; `submit` is what people hand in by hand beside it.
STEPS = ("submit", "pull", "enter", "review", "publish")
#: The same by Dagster's job, which says nothing of where it is.
DAGSTER = ("submit", "dagster")
DONE = "done"
#: In the home: documents to be handed in by hand, and the receipts that were given for them.
DESK, RECEIPTS = "desk", "desk.receipts"
#: Seconds without a word after which a run is taken to hang.
_PATIENCE = 120.0
#: Documents in a batch where several worker processes are to have some each.
_FEW = 4

# The server imports by name, and knows no other places than its environment says.
os.environ["PYTHONPATH"] = os.pathsep.join(str(place) for place in (Path(__file__).parent, Path(__file__).parents[1]))
# Threads that it has when it forks are not there in what it forks.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["faults_process"])


class RunFailedError(RuntimeError):
    """A run ended with an error; the text is the one line that `attendance run` would say."""


@dataclass(frozen=True)
class Task:
    """A run of one month: `now` is what the platform's clock says at its beginning.

    `waits`: the step before which it waits to be told to go on.  `workers`: processes that check, if more than one.
    """

    home: Path
    ledger_url: str | None
    month: str
    now: datetime
    steps: tuple[str, ...] = STEPS
    waits: str | None = None
    workers: int = 1

    @property
    def settings(self) -> Settings:
        """The installation's settings."""
        return Settings(home=self.home, ledger_url=self.ledger_url, entry_workers=self.workers)


class Running:
    """A task under way."""

    def __init__(self, task: Task) -> None:
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(task, theirs))
        self._process.start()
        theirs.close()
        #: Step → the moment (`time.monotonic`) at which it began, as it was heard of.
        self.began: dict[str, float] = {}
        self.error: str | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def step(self) -> str:
        """What it was last heard to begin."""
        return next(reversed(self.began), "start")

    def wait_for(self, step: str) -> bool:
        """Wait until it begins the step; False where it ended before that."""
        while step not in self.began:
            if not self._hear():
                return False
        return True

    def go_on(self) -> None:
        """Let a waiting one go on."""
        self._pipe.send(None)

    def kill(self) -> str:
        """Kill it with SIGKILL; the step in which that found it (`done` where it came too late)."""
        self._process.kill()
        return self._end()

    def kill_a_worker(self, which: int) -> bool:
        """Kill one of the processes that it has started, and whether there was one."""
        with suppress(psutil.NoSuchProcess):
            workers = [one for one in psutil.Process(self.pid).children() if "spawn_main" in _command(one)]
            if workers:
                workers[which % len(workers)].send_signal(signal.SIGKILL)
                return True
        return False

    def finish(self) -> None:
        """Wait for its end; raises `RunFailedError`."""
        self._end()
        if self.step != DONE:
            raise RunFailedError(self.error or f"it died in {self.step} with exit code {self._process.exitcode}")

    def _end(self) -> str:
        while self._hear():
            pass
        self._process.join()
        self._pipe.close()
        return self.step

    def _hear(self) -> bool:
        """Take in one thing that it says; False where it has ended."""
        if not self._pipe.poll(_PATIENCE):
            os.kill(self.pid, signal.SIGUSR1)  # it shows where its threads are
            self._process.join(1)
            self._process.kill()
            raise RunFailedError(f"nothing heard for {_PATIENCE:g} s, in {self.step}")
        try:
            said, error = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            return False
        if error is None:
            self.began[said] = time.monotonic()
        else:
            self.error = error
        return True


def run(task: Task) -> Running:
    """Run a task to its end; raises `RunFailedError`."""
    running = Running(task)
    running.finish()
    return running


def _command(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


# --- in the process


def _work(task: Task, pipe: Connection) -> None:
    faulthandler.register(signal.SIGUSR1)
    if task.workers > 1:
        batches.BATCH_DOCUMENTS = _FEW  # the world is small: otherwise all of it is one batch, and no worker starts
    try:
        opened = platform(task.settings, actor="faults", clock=_clock(task.now))
        for step in task.steps:
            pipe.send((step, None))
            if step == task.waits:
                pipe.recv()
            _DO[step](DemoPlatform(**vars(opened)), task)
        opened.engine.dispose()
        pipe.send((DONE, None))
    except Exception as error:  # noqa: BLE001 — said as the command line says it
        pipe.send((None, one_line(getattr(error, "user_exception", None) or error)))


def _clock(start: datetime) -> Callable[[], datetime]:
    began = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)


def _submit(opened: Platform, _task: Task) -> None:
    """Hand in, one by one, what no receipt was given for."""
    receipts = opened.home.root / RECEIPTS
    given = set(receipts.read_text().split()) if receipts.exists() else set()
    paths = sorted((opened.home.root / DESK).glob("*"))
    with receipts.open("a") as file:
        for name, data in read_submissions(paths):
            if sha256(data).hexdigest() not in given:
                (receipt,) = hand_in(opened, [HandedIn(name, data)])
                print(receipt.submission_id, file=file, flush=True)


def _pull(opened: Platform, task: Task) -> None:
    report = pull(opened, task.month)
    if report.failures:
        raise RunFailedError(f"not brought: {report.failures[0].source}: {report.failures[0].reason}")


def _enter(opened: Platform, task: Task) -> None:
    entries = [enter_month(opened, month) for month in (*months_outside(opened), task.month)]
    if wrong := not_accounted_for(entries):
        raise RunFailedError(f"records do not add up: {wrong}")


def _review(opened: Platform, task: Task) -> None:
    _publish_months(opened, [month for month in review(opened).months if month != task.month])


def _publish(opened: Platform, task: Task) -> None:
    _publish_months(opened, [task.month])


def _publish_months(opened: Platform, months: list[str]) -> None:
    published = publish_months(opened, months) if months else []
    if wrong := [one.month for one in published if one.wrong]:
        raise RunFailedError(f"records do not reconcile: {wrong}")


def _dagster(opened: Platform, task: Task) -> None:
    with dg.DagsterInstance.from_config(str(prepare(task.settings))) as instance:
        defs.resolve_job_def(monthly.name).execute_in_process(
            instance=instance,
            partition_key=task.month,
            resources={"platform": opened},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


_DO: Mapping[str, Callable[[Platform, Task], None]] = {
    "submit": _submit,
    "pull": _pull,
    "enter": _enter,
    "review": _review,
    "publish": _publish,
    "dagster": _dagster,
}
