"""Files that are there as a whole or not at all, power cut or not: write aside, flush to the disk, rename."""

import os
from collections.abc import Sequence
from pathlib import Path

from warehouse.store_files import flush_file_system

#: How the name of a file that is not finished ends.
UNFINISHED = ".unfinished"
#: More than what a file system that is full may still have left, in bytes.
_SOME = 1 << 20


def aside(path: Path) -> Path:
    """Where to write what is to become `path`."""
    return path.with_name(f".{path.name}{UNFINISHED}")


def settle(written: Path, path: Path) -> None:
    """Make `written` durable and give it its name, in place of what had it."""
    _flush(written)
    written.replace(path)
    _flush(path.parent)


def settle_all(paths: Sequence[Path]) -> None:
    """Do so with what was written `aside` of each of these paths of one file system: two flushes for all of them."""
    if not paths:
        return
    flush_file_system(paths[0].parent)
    for path in paths:
        aside(path).replace(path)
    flush_file_system(paths[0].parent)


def refuse_where_full(written: Path) -> None:
    """Raise OSError where there is no room to go on with a file: some libraries do not say that it was this."""
    with written.open("ab") as file:
        file.write(bytes(_SOME))


def write_text(path: Path, text: str, mode: int | None = None) -> None:
    """Replace the text of a file; its mode is what the umask leaves, unless one is given."""
    unfinished = aside(path)
    unfinished.write_text(text, encoding="utf-8")
    if mode is not None:
        unfinished.chmod(mode)
    settle(unfinished, path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
