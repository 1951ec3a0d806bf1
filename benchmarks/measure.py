"""What is measured: a way's outcome, and wall time, processor time and peak memory of a process and its children."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
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
    """Seconds by stage, records written by dataset, bytes of the documents that were read."""

    seconds: dict[str, float]
    records: dict[str, int]
    bytes: int


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
