"""The files in which an installation keeps its secret keys: written whole, once, for their owner alone (mode 0600)."""

import os
import secrets
from pathlib import Path

from pipelines.settings import SettingsError
from warehouse.home import Home


def refuse_to_make(home: Home, variable: str, file: Path) -> None:
    """Raise `SettingsError` where several machines share what is kept: each would make a key of its own."""
    if home.objects is not None:
        raise SettingsError(
            f"{file}: 資料在物件儲存時金鑰不自動產生，請設定 {variable} 或放置此檔 "
            f"with an object store no key is made here, as each machine would make its own: set {variable}, or put the "
            "file there"
        )


def write_once(file: Path, text: str) -> None:
    """Write a new key file whole under another name and link it: of two processes at once, both then read the first's.

    Raises OSError where it cannot be written.
    """
    temporary = _written_aside(file, text)
    try:
        os.link(temporary, file)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
    _sync(file.parent)


def replace(file: Path, text: str) -> None:
    """Put a key file in place of the one that is there; readers see the one or the other."""
    _written_aside(file, text).replace(file)
    _sync(file.parent)


def _written_aside(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
