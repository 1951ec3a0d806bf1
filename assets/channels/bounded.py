"""A channel within a time: each step of its iterator in a thread of its own, given up when the time is over.

No time-out of a library bounds all that a channel does (a database that never answers, a mounted share that hangs, a
name server), and a thread cannot be killed.  So the steps are taken in a daemon thread, one at a time and only when
asked for: whoever takes the deliveries is alone with the channel between two of them.
"""

import contextvars
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue

from assets.channels.protocol import Delivery

#: Seconds that a channel whose deliveries are not wanted any more has to close what it has open, and one that was given
#: up: it hangs, and most likely does not hear of it.
_FAREWELL, _GIVEN_UP = 15.0, 0.1


class OutOfTimeError(TimeoutError):
    """A channel took longer than it may; `seconds` is how long that is.  Its thread may still hang somewhere."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{seconds:g} 秒內未完成 not done within {seconds:g} seconds")


class _End:
    """What a step gave instead of a delivery: that there are no more, or the error that it raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def within(deliveries: Iterator[Delivery], seconds: float) -> Iterator[Delivery]:
    """Yield the deliveries for so many seconds; raises `OutOfTimeError` then, and whatever a step raises."""
    until = time.monotonic() + seconds
    steps, patience = _Steps(deliveries), _FAREWELL
    try:
        while True:
            taken = steps.next(max(0.0, until - time.monotonic()))
            if taken is None:
                patience = _GIVEN_UP
                raise OutOfTimeError(seconds)
            if isinstance(taken, _End):
                if taken.error is not None:
                    raise taken.error
                return
            yield taken
    finally:
        steps.close(patience)


class _Steps:
    """The thread that takes the steps, and is told by a queue when to take one or, by False, to close."""

    def __init__(self, deliveries: Iterator[Delivery]) -> None:
        self._deliveries = deliveries
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._taken: SimpleQueue[Delivery | _End] = SimpleQueue()
        context = contextvars.copy_context()  # the log's run, month and channel
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="channel", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> Delivery | _End | None:
        """The next delivery or the end; None where it is not there within so many seconds."""
        self._wanted.put(True)
        try:
            return self._taken.get(timeout=seconds)
        except Empty:
            return None

    def close(self, patience: float) -> None:
        """Have the iterator closed, in its own thread; one that hangs is left behind after so many seconds."""
        self._wanted.put(False)
        self._thread.join(patience)

    def _run(self) -> None:
        while self._wanted.get():
            try:
                self._taken.put(next(self._deliveries))
            except StopIteration:
                self._taken.put(_End(None))
            except BaseException as error:  # noqa: BLE001 — raised where the step was asked for
                self._taken.put(_End(error))
        close = getattr(self._deliveries, "close", None)
        if close is not None:
            close()
