"""The journal (日誌): what the platform does, one line an event, as whoever searches logs wants it.

`log.info("batch_entered", documents=1000)` anywhere; `bound(month="2021-06")` says for a block what all its lines are
about; `set_up` says where they go, and until then they go nowhere.  A line has time, level and event, then run, agency,
month and channel where they are known, then the event's own figures.  Events have stable names (docs/operating.md).

No names of people and no national IDs: nobody logs text out of a document, and the formatter masks what looks like one.
"""

import contextlib
import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, merge_contextvars
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.types import Processor

from checks.model.masking import mask_ids_in

JSON, TEXT = "json", "text"

#: What a line begins with, in this order, where it is known.
FIRST = ("time", "level", "event", "run", "agency", "month", "channel")

#: Bytes of a file before it is put aside, and how many of those are kept.
_FILE_BYTES, _FILES_KEPT = 20 << 20, 10
#: Owner and group, nobody else, as everything in the home folder.
_UMASK = 0o027

_logger = logging.getLogger("attendance")
_logger.addHandler(logging.NullHandler())
_logger.propagate = False
_logger.setLevel(logging.INFO)

bound = bound_contextvars


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
        handler.setFormatter(_formatter(config.format))
        _logger.addHandler(handler)
        if _current is not None:
            _logger.removeHandler(_current[1])
            with contextlib.suppress(OSError):  # a full disk took not all of it
                _current[1].close()
        _current = config, handler


def carried() -> Carried:
    """What another process of ours needs to go on in the same journal, about the same things."""
    return (_current[0] if _current else None), get_contextvars()


def resume(carried: Carried) -> None:
    """Go on where another process was, of which this is what it `carried`."""
    config, context = carried
    if config is not None:
        set_up(config)
    bind_contextvars(**context)


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
        file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        return RotatingFile(str(file), maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", umask=_UMASK)
    except OSError as error:
        sys.stderr.write(f"日誌無法開啟，作業照常 the log {file} cannot be opened ({error.strerror}); work goes on\n")
        return logging.NullHandler()


def _formatter(form: str) -> ProcessorFormatter:
    return ProcessorFormatter(
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _in_order,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str) if form == JSON else _as_text,
        ],
        foreign_pre_chain=_ALL_HAVE,
    )


def _masked(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: what looks like a national ID does not get out, wherever in the line it stands."""
    return {name: _safe(value) for name, value in line.items()}


def _safe(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {mask_ids_in(str(name)): _safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask_ids_in(str(value))


#: What every line goes through, before any handler has it.
_ALL_HAVE: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", key="time"),
    _masked,
]

#: Whoever has something to say: `log.info`, `log.warning`, `log.error`, each with an event's name and its figures.
log: BoundLogger = structlog.wrap_logger(
    _logger,
    processors=[
        merge_contextvars,
        structlog.stdlib.filter_by_level,
        *_ALL_HAVE,
        ProcessorFormatter.wrap_for_formatter,
    ],
    wrapper_class=BoundLogger,
    cache_logger_on_first_use=True,
)


def _in_order(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What every line has comes first; what is not known is left out."""
    first = {name: line[name] for name in FIRST if line.get(name) not in (None, "")}
    return first | {name: value for name, value in line.items() if name not in FIRST}


def _as_text(_logger: object, _method: str, line: MutableMapping[str, Any]) -> str:
    """`2021-07-10T01:00:00Z warning agency_failed agency=…`, for eyes; values with spaces are quoted."""
    head = " ".join(str(line.pop(name, "")) for name in FIRST[:3])
    return " ".join([head, *(f"{name}={_quoted(value)}" for name, value in line.items())])


def _quoted(value: Any) -> str:
    text = str(value)
    return repr(text) if not text or any(one.isspace() or not one.isprintable() for one in text) else text
