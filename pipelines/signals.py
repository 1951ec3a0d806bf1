"""The signals that our programs rely on: Ctrl-C and SIGTERM end them, however they were started.

A script that starts a program in the background (`nohup make dagster &`) has it ignore SIGINT, and Dagster gives
SIGTERM whatever SIGINT has: then nothing but SIGKILL ends it, or what it starts.

`python -m pipelines.signals PROGRAM ARGUMENTS…` becomes that program, with both signals as they are in a terminal.
"""

import os
import signal
import sys
from types import FrameType


class Terminated(SystemExit):
    """The process was asked to end by SIGTERM; its code is what shells expect of that."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


def take() -> None:
    """Have both end the process as an exception: `KeyboardInterrupt`, and `Terminated`.  In the main thread only."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _become(command: list[str]) -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606 — no shell is wanted


if __name__ == "__main__":
    _become(sys.argv[1:])
