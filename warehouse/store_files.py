"""The files under the store: every write, removal and flush of the store's goes through here, by relative name.

On a local or shared file system.  A file is written under a temporary name beside its own and renamed, so that what
has its name is whole; it is on the disk after the next `flush`, once for thousands of files.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

#: Linux's way to flush one file system; unlike `sync` it also says where writing has failed since.
_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)

Bytes = bytes | memoryview


class StoreFiles:
    """Files by their name relative to a folder, which is made.  Any number of processes may write at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = str(root)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prefix = f"{root}{os.sep}"
        #: Tells this writer's temporary files from those of others, on this machine or another.
        self._writer = uuid4().hex

    def put(self, name: str, data: Bytes) -> None:
        """Have the file hold these bytes, whatever it held; raises OSError and leaves what there was."""
        path = self._prefix + name
        temporary = self._temporary(path)
        try:
            self._write(temporary, data)
            os.replace(temporary, path)  # noqa: PTH105  (tens of thousands of times: a Path costs more than the call)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108
            raise

    def put_new(self, name: str, data: Bytes) -> None:
        """Have the file hold these bytes unless it is there: of two at once, the first."""
        path = self._prefix + name
        temporary = self._temporary(path)
        self._write(temporary, data)
        with suppress(FileExistsError):
            Path(path).hardlink_to(temporary)
        Path(temporary).unlink()

    def read(self, name: str) -> bytes:
        """The bytes of a file; raises FileNotFoundError."""
        return Path(self._prefix + name).read_bytes()

    def remove(self, name: str) -> None:
        """Have no such file."""
        Path(self._prefix + name).unlink(missing_ok=True)

    def send(self) -> None:
        """Nothing: each file has its name already."""

    def flush(self) -> None:
        """Have everything on the disk that was put here, by whichever process of this machine; raises OSError."""
        flush_file_system(self.root)

    def _temporary(self, path: str) -> str:
        folder, name = path.rsplit(os.sep, 1)
        return f"{folder}{os.sep}.{name.removesuffix('.parquet')}.{self._writer}.part"

    def _write(self, path: str, data: Bytes) -> None:
        folder = path.rsplit(os.sep, 1)[0]
        # Nearly always it is an agency's first file of the month: asking whether its folder is there costs as much.
        try:
            os.mkdir(folder, 0o700)  # noqa: PTH102
        except FileExistsError:
            pass
        except FileNotFoundError:
            os.makedirs(folder, 0o700, exist_ok=True)  # noqa: PTH103
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            rest = memoryview(data)
            while rest:  # a disk that fills up takes some of the bytes before it refuses the rest
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)


def flush_file_system(folder: Path) -> None:
    """Have everything on the disk that was written to the file system of this folder; raises OSError."""
    if _syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
