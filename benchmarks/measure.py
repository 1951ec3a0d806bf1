"""What is measured: a way's outcome, and wall time, processor time and peak memory of a process and its children."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from threading import Event, Thread

import psutil

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Measured:
    """Seconds and bytes; `output` is what the command printed.

    `peak_bytes`: the larger of the kernel's own peak of the largest process and the highest sum over the process tree
    that was seen at 20 looks a second.  Pages that processes share are counted for each of them.
    """

    wall: float
    cpu: float
    peak_bytes: int
    output: str


@dataclass(frozen=True)
class Outcome:
    """Seconds by stage, records written by dataset, bytes of the documents that were read.

    `cpu`: processor seconds by stage, of the process and its children; empty where a way does not say.
    """

    seconds: dict[str, float]
    records: dict[str, int]
    bytes: int
    cpu: dict[str, float] = field(default_factory=dict)


class Stages:
    """Wall and processor seconds of one stage after another; a child counts in the stage in which it ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self._wall, self._cpu = time.perf_counter(), processor_seconds()

    def end(self, stage: str) -> None:
        """The stage that began where the last one ended (or with this object) ends here."""
        wall, cpu = time.perf_counter(), processor_seconds()
        self.seconds[stage], self.cpu[stage] = wall - self._wall, cpu - self._cpu
        self._wall, self._cpu = wall, cpu


def processor_seconds() -> float:
    """Processor seconds of this process so far, and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def measure(arguments: list[str]) -> Measured:
    """Run `python arguments…` to its end; raises `CalledProcessError` where it fails."""
    started = time.perf_counter()
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ended = Event()
    peaks: list[int] = []
    watcher = Thread(target=_watch, args=(process.pid, ended, peaks))
    watcher.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    peak = max(usage.ru_maxrss * 1024, *peaks, 0)
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak, output)


def _watch(pid: int, ended: Event, peaks: list[int]) -> None:
    """Append the highest memory seen of the process and all its descendants."""
    highest = 0
    while not ended.wait(SAMPLE_SECONDS):
        try:
            root = psutil.Process(pid)
            total = sum(_resident(process) for process in (root, *root.children(recursive=True)))
        except psutil.NoSuchProcess:
            break
        highest = max(highest, total)
    peaks.append(highest)


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
