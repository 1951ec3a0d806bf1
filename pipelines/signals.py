"""The signals that our programs rely on: Ctrl-C and SIGTERM end them, however they were started.

A script that starts a program in the background (`nohup make dagster &`) has it ignore SIGINT, and Dagster gives
SIGTERM whatever SIGINT has: then nothing but SIGKILL ends it, or what it starts.

`python -m pipelines.signals PROGRAM ARGUMENTS…` becomes that program, with both signals as they are in a terminal.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Seconds after which a process that was asked to end, and does not seem to, is asked again.
_AGAIN = 1.0


class Terminated(SystemExit):
    """The process was asked to end by SIGTERM; its code is what shells expect of that."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


@contextmanager
def ending_the_process() -> Iterator[None]:
    """Have both end the block as an exception: `KeyboardInterrupt`, and `Terminated`.  In the main thread only.

    An exception that a signal raises may come anywhere, and be lost there: a library that is just being imported has an
    `except:` of its own, and Python itself passes over what is raised in a `__del__` or a weak reference's callback.
    So SIGTERM is remembered, and `Terminated` raised again each second until the block has ended, but not while it is
    on its way out: what cleans up meanwhile has all the time it needs.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, _terminated)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def is_asked_to_end() -> bool:
    """Whether SIGTERM has come: what fails from then on may have failed of that."""
    return signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    if not _is_on_its_way_out(sys.exception()):
        raise Terminated


def _is_on_its_way_out(handled: BaseException | None) -> bool:
    """Whether `Terminated` is what an `except`, a `finally` or the end of a `with` is dealing with."""
    while handled is not None and not isinstance(handled, Terminated):
        handled = handled.__context__
    return handled is not None


def _become(command: list[str]) -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606 — no shell is wanted


if __name__ == "__main__":
    _become(sys.argv[1:])
