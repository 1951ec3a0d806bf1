"""How the commands speak: text or JSON on standard output, everything else on standard error.

Nothing that came from a submission reaches the terminal with its control characters.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Rich is imported where a table or a progress bar is drawn: `check` starts without it
    from rich.console import Console

#: Columns of a table in a pipe or a file, where there is no terminal to ask.
PIPE_WIDTH = 160

#: Rows of a table that Rich draws; it draws 700 a second, and an operator may have 8,300 agencies missing.
DRAWN = 300


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
    say(json.dumps(value, ensure_ascii=False, default=_as_json))


def _as_json(value: object) -> float | str:
    """Decimals as numbers, moments and days in ISO 8601, as in the files that reports are written to."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def note(text: str) -> None:
    """A line about the work, to standard error."""
    sys.stderr.write(f"{text}\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> None:
    """A table to standard output; `numbers` are the places of the columns that are set right."""
    cells = [["" if cell is None else printable(cell) for cell in row] for row in rows]
    if len(cells) > DRAWN:
        _plain_table(title, columns, cells, set(numbers))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    drawn = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(columns):
        drawn.add_column(Text(heading), justify="right" if place in right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*map(Text, row))
    _console(sys.stdout).print(drawn)


def _plain_table(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]], right: set[int]) -> None:
    """The same in columns as wide as their widest cell, nothing folded."""
    from rich.cells import cell_len

    lengths = [[cell_len(cell) for cell in row] for row in (columns, *cells)]
    widths = [max(column) for column in zip(*lengths, strict=True)]
    say(title)
    for row, taken in zip((columns, *cells), lengths, strict=True):
        padded = [
            " " * (width - length) + cell if place in right else cell + " " * (width - length)
            for place, (cell, length, width) in enumerate(zip(row, taken, widths, strict=True))
        ]
        say("  " + "  ".join(padded).rstrip())


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
