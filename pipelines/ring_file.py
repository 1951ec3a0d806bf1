"""The file of landing's keyring as its readers see it: read, read anew when it is another, its keys held while in use.

It goes to worker processes with the keyring, so it imports little; who changes the file is `pipelines/landing_keys.py`.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from warehouse.sealed import Keyring


class RingFile:
    """A key file, read again when it is another one: it is only ever replaced whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None

    def ring(self) -> Keyring:
        """The keyring as it stands.  Raises OSError, and `SettingsError` where the file holds none."""
        self._stamp = self._now()
        try:
            ring = json.loads(self._file.read_text(encoding="ascii"))
            keys = {id_: bytes.fromhex(key["key"]) for id_, key in ring["keys"].items()}
            return Keyring(ring["active"], keys, self._newer, partial(held, self._file))
        except (ValueError, KeyError, TypeError):
            raise _settings_error(
                f"{self._file}: 不是收檔區密鑰檔，請自備份還原 holds no landing keys: restore it"
            ) from None

    def _newer(self) -> Keyring | None:
        return None if self._now() == self._stamp else self.ring()

    def _now(self) -> tuple[int, int]:
        said = self._file.stat()
        return said.st_ino, said.st_mtime_ns


@contextmanager
def held(file: Path, key_id: str, *, alone: bool = False) -> Iterator[None]:
    """Keep a key from being retired while a document is written under it; `alone`: nobody writes under it.

    Where the folder of the key file may not be written, nobody retires keys from here, and nothing is held.
    Raises `SettingsError` where somebody does write under it.
    """
    try:
        descriptor = os.open(lock_of(file, key_id), os.O_RDONLY | os.O_CREAT, 0o600)
    except OSError:
        if alone:
            raise
        yield
        return
    try:
        _take(descriptor, key_id, alone=alone)
        yield
    finally:
        os.close(descriptor)


def lock_of(file: Path, key_id: str) -> Path:
    """The file whose lock says that a key is in use."""
    return file.with_name(f".{file.name}.{key_id}.lock")


def _take(descriptor: int, key_id: str, *, alone: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except BlockingIOError:
        raise _settings_error(
            f"尚有檔案正以密鑰 {key_id} 寫入，請稍後再試 a document is being written under the key: try again later"
        ) from None


def _settings_error(said: str) -> Exception:
    from pipelines.settings import SettingsError  # noqa: PLC0415  (a worker hardly ever needs it, and it imports much)

    return SettingsError(said)
