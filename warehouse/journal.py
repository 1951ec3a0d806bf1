"""The journal (日誌): what the platform does, one line an event, as whoever searches logs wants it.

`log.info("batch_entered", documents=1000)` anywhere; `bound(month="2021-06")` says for a block what all its lines are
about; `set_up` says where they go, and until then they go nowhere.  A line has time, level and event, then run, agency,
month and channel where they are known, then the event's own figures.  Events have stable names (docs/operating.md).

No names of people, no national IDs, no secrets: nobody logs text out of a document; what looks like an ID is masked and
what is a secret of the settings taken out before any handler has the line.  By `logging` alone: why not structlog is in
decision 0015.
"""

import contextlib
import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from checks.model.masking import mask_ids_in
from warehouse.redaction import without_secrets

JSON, TEXT = "json", "text"

#: What a line begins with, in this order, where it is known.
FIRST = ("time", "level", "event", "run", "agency", "month", "channel")

#: Bytes of a file before it is put aside, and how many of those are kept.
_FILE_BYTES, _FILES_KEPT = 20 << 20, 10
#: The owner, nobody else, as everything in the home folder.
_UMASK = 0o077

_logger = logging.getLogger("attendance")
_logger.addHandler(logging.NullHandler())
_logger.propagate = False
_logger.setLevel(logging.INFO)

_context: ContextVar[Mapping[str, Any]] = ContextVar("attendance_journal", default={})  # noqa: B039 — never changed


@contextlib.contextmanager
def bound(**about: Any) -> Iterator[None]:
    """Say for the block what its lines are about; inner blocks add to it or say otherwise."""
    before = _context.get()
    _context.set({**before, **about})
    try:
        yield
    finally:
        _context.set(before)


class _Log:
    """Whoever has something to say: an event's name and its figures."""

    def info(self, event: str, /, **figures: Any) -> None:
        """Say that something happened as it should."""
        _say(logging.INFO, event, figures)

    def warning(self, event: str, /, **figures: Any) -> None:
        """Say that something is wrong with what others sent."""
        _say(logging.WARNING, event, figures)

    def error(self, event: str, /, **figures: Any) -> None:
        """Say that something of ours did not work."""
        _say(logging.ERROR, event, figures)


log = _Log()


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """Where lines go and what they look like: `format` is `json` or `text`, `file` None is standard error."""

    format: str = JSON
    file: Path | None = None


Carried = tuple[JournalConfig | None, dict[str, Any]]

_lock = threading.Lock()
_current: tuple[JournalConfig, logging.Handler] | None = None


def set_up(config: JournalConfig) -> None:
    """Send this process's lines there from now on.  Where that cannot be written, it says so once and work goes on."""
    global _current  # noqa: PLW0603 — a process has one journal
    with _lock:
        if _current is not None and _current[0] == config:
            return
        handler = _StandardError() if config.file is None else _file_handler(config.file)
        handler.setFormatter(_Formatter(config.format))
        _logger.addHandler(handler)
        if _current is not None:
            _logger.removeHandler(_current[1])
            with contextlib.suppress(OSError):  # a full disk took not all of it
                _current[1].close()
        _current = config, handler


def carried() -> Carried:
    """What another process of ours needs to go on in the same journal, about the same things."""
    return (_current[0] if _current else None), dict(_context.get())


def resume(carried: Carried) -> None:
    """Go on where another process was, of which this is what it `carried`."""
    config, context = carried
    if config is not None:
        set_up(config)
    _context.set({**_context.get(), **context})


class _StandardError(logging.StreamHandler[TextIO]):
    """Standard error as it is when a line is written: Dagster turns it to a run's own log file."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — logging's own name
        """Nothing: there is nowhere to say it, and the work matters more than its log."""


def _file_handler(file: Path) -> logging.Handler:
    """A file that rotates, which any number of processes write; a lock beside it keeps them from rotating at once."""
    # Imported here: most processes that load this module only to say nothing would wait for it.
    from concurrent_log_handler import ConcurrentRotatingFileHandler  # noqa: PLC0415

    class RotatingFile(ConcurrentRotatingFileHandler):
        """One that says once that it cannot be written, and never stops the work."""

        said = False

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 — logging's own name
            if not self.said:
                self.said = True
                why = type(sys.exc_info()[1]).__name__
                sys.stderr.write(f"日誌無法寫入，作業照常 the log {file} cannot be written ({why}); work goes on\n")

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return RotatingFile(
            str(file),
            maxBytes=_FILE_BYTES,
            backupCount=_FILES_KEPT,
            encoding="utf-8",
            umask=_UMASK,
            keep_file_open=False,  # a disk can be unmounted between two lines; opening anew takes 0.1 ms
        )
    except OSError as error:
        sys.stderr.write(f"日誌無法開啟，作業照常 the log {file} cannot be opened ({error.strerror}); work goes on\n")
        return logging.NullHandler()


def _say(level: int, event: str, figures: Mapping[str, Any]) -> None:
    moment = datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
    said = {**_context.get(), **figures}
    said |= {"time": f"{moment}Z", "level": logging.getLevelName(level).lower(), "event": event}
    line = {name: _safe(said[name]) for name in FIRST if said.get(name) not in (None, "")}
    line |= {name: _safe(value) for name, value in said.items() if name not in FIRST}
    _logger.log(level, "%s", line["event"], extra={"line": line})


def _safe(value: Any) -> Any:
    """The last line of defence: what looks like a national ID or is a secret does not get out, wherever it stands."""
    if isinstance(value, Mapping):
        return {mask_ids_in(str(name)): _safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask_ids_in(without_secrets(str(value)))


class _Formatter(logging.Formatter):
    """A line as JSON, or as text for eyes."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = record.__dict__["line"]
        return json.dumps(line, ensure_ascii=False) if self._form == JSON else _as_text(line)


def _as_text(line: Mapping[str, Any]) -> str:
    """`2021-07-10T01:00:00Z warning agency_failed agency=…`; values with spaces are quoted."""
    head = [str(line[name]) for name in FIRST[:3]]
    return " ".join([*head, *(f"{name}={_quoted(value)}" for name, value in line.items() if name not in FIRST[:3])])


def _quoted(value: Any) -> str:
    text = str(value)
    return repr(text) if not text or any(one.isspace() or not one.isprintable() for one in text) else text
