"""Files that are there as a whole or not at all, power cut or not: write aside, flush to the disk, rename."""

import os
from pathlib import Path

#: How the name of a file that is not finished ends.
UNFINISHED = ".unfinished"


def aside(path: Path) -> Path:
    """Where to write what is to become `path`."""
    return path.with_name(f".{path.name}{UNFINISHED}")


def settle(written: Path, path: Path) -> None:
    """Make `written` durable and give it its name, in place of what had it."""
    _flush(written)
    written.replace(path)
    _flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Replace the text of a file."""
    unfinished = aside(path)
    unfinished.write_text(text, encoding="utf-8")
    settle(unfinished, path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
