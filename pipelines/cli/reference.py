"""`docs/cli.md`: the help of every command, as the program itself prints it.

`python -m pipelines.cli.reference > docs/cli.md` writes the page; a test holds it up to date.
"""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from pipelines.cli.app import app

WIDTH = 100

_HEAD = """\
# The command line

Generated from the commands' own help by `python -m pipelines.cli.reference > docs/cli.md`; a test holds it up to date.

`ATTENDANCE_HOME` (default `./data`) is where everything is kept; `attendance settings` prints every setting.
Exit codes: 0 done; 1 the data has faults (a document or record refused, a part of the installation found wrong);
2 wrong usage, an unreadable file, or a part that is down; 70 a fault of this program; 130 interrupted, 143 ended by
SIGTERM. Warnings alone are no faults.
With `--format json` standard output is JSON only, one object a line; everything else goes to standard error.
"""


def page() -> str:
    """The page."""
    commands = [f"## `{path}`\n\n```text\n{text}\n```\n" for path, text in helps()]
    return "\n".join([_HEAD, *commands])


def helps() -> Iterator[tuple[str, str]]:
    """Each command as it is typed, with its help; groups before their commands."""
    yield from _helps(typer.main.get_command(app), "attendance")


def _helps(command: Any, path: str) -> Iterator[tuple[str, str]]:
    context = command.make_context(path, [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH)
    yield path, command.get_help(context)
    for name, one in getattr(command, "commands", {}).items():
        yield from _helps(one, f"{path} {name}")


if __name__ == "__main__":
    sys.stdout.write(page())
