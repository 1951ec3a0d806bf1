"""One at a time, a publisher above all: an exclusive lock on a file, which the system lets go when its holder dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: Seconds between two tries.
_PATIENCE = 0.1


class PublishingBusy(TimeoutError):  # noqa: N818 — reads as what it is
    """Another publisher held the lock all the time; `holder` is what it wrote about itself, `waited` in seconds."""

    def __init__(self, path: Path, holder: str, waited: float) -> None:
        self.path, self.holder, self.waited = path, holder, waited
        super().__init__(
            f"另一個程序正在發布（{holder or '不明'}），已等候 {waited:g} 秒，請稍後再試 "
            f"another publisher holds {path} ({holder or 'unknown'}); gave up after {waited:g} s, try again later"
        )


@contextlib.contextmanager
def exclusive(
    path: Path, timeout: float, busy: Callable[[Path, str, float], TimeoutError] = PublishingBusy
) -> Iterator[None]:
    """Hold the lock for the block; wait up to `timeout` seconds for it, then raise `busy(path, holder, timeout)`."""
    with path.open("a+", encoding="utf-8") as file:
        until = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise busy(path, path.read_text(encoding="utf-8").strip(), timeout) from None
                time.sleep(_PATIENCE)
        file.truncate(0)
        file.write(f"pid {os.getpid()} on {os.uname().nodename}\n")
        file.flush()
        yield
