"""Lines of the journal that every request would write: each at most once a minute, with how often it happened since."""

from collections import Counter
from collections.abc import Callable
from threading import Lock, Timer

#: Seconds between two lines of one cause.
_INTERVAL = 60.0


class LogThrottle:
    """Counts an event by its cause (`what`); the first is written at once, those that follow with their number.

    `say` is `log.error` or one of its kind.  For any number of threads: what happened since the last line is written
    when its minute is over, by a thread that does not keep the process from ending.
    """

    def __init__(self, say: Callable[..., None], event: str) -> None:
        self._say, self._event = say, event
        self._lock = Lock()
        self._unwritten: Counter[str] = Counter()
        self._pending: set[str] = set()

    def count(self, what: str) -> None:
        """It happened once more."""
        with self._lock:
            self._unwritten[what] += 1
            if what in self._pending:
                return
            self._pending.add(what)
        self._write(what)

    def _write(self, what: str) -> None:
        with self._lock:
            requests = self._unwritten.pop(what, 0)
            if not requests:
                self._pending.discard(what)
                return
        self._say(self._event, what=what, requests=requests)
        timer = Timer(_INTERVAL, self._write, [what])
        timer.daemon = True
        timer.start()
