"""How the commands speak: text or JSON on standard output, everything else on standard error.

Nothing that came from a submission reaches the terminal with its control characters.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Rich is imported where a table or a progress bar is drawn: `check` starts without it
    from rich.console import Console

#: Columns of a table in a pipe or a file, where there is no terminal to ask.
PIPE_WIDTH = 160


class Format(StrEnum):
    """How a command prints what it found."""

    TEXT = "text"
    JSON = "json"


def write_utf8() -> None:
    """Write UTF-8 whatever the locale says: JSON must be, and the text is Chinese."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]


def printable(text: object) -> str:
    """The text on one line, with control, bidirectional and unpaired characters shown as escapes, not obeyed."""
    return "".join(
        character if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else _escaped(character)
        for character in str(text)
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def say(text: str = "") -> None:
    """A line of the result, to standard output."""
    sys.stdout.write(f"{text}\n")


def say_json(value: Any) -> None:
    """One JSON value on one line, to standard output."""
    say(json.dumps(value, ensure_ascii=False, default=str))


def note(text: str) -> None:
    """A line about the work, to standard error."""
    sys.stderr.write(f"{text}\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> None:
    """A table to standard output; `numbers` are the places of the columns that are set right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    drawn = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(columns):
        drawn.add_column(Text(heading), justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else printable(cell)) for cell in row))
    _console(sys.stdout).print(drawn)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Give a function `advance(steps=1, *, completed=None, total=None)`; drawn on a terminal only, quiet in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _steps=1, **_more: None
        return
    from rich.progress import Progress

    with Progress(console=_console(sys.stderr), transient=True) as drawn:
        task = drawn.add_task(description, total=total)

        def advance(steps: int = 1, *, completed: int | None = None, total: int | None = None) -> None:
            drawn.update(task, advance=None if completed is not None else steps, completed=completed, total=total)

        yield advance


def _console(stream: Any) -> "Console":
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else PIPE_WIDTH, highlight=False)
