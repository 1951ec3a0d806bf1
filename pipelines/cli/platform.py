"""The installation, as the commands that need one open it."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.platform import Platform
from pipelines.resources import platform as open_platform
from pipelines.settings import load_settings


@contextmanager
def opened(home: Path | None = None, *, to_read: bool = False) -> Iterator[Platform]:
    """Give the platform of this installation (or of `home`), made where there is none; the ledger names the user.

    `to_read`: for a command that only reads, which works on a full disk and in a read-only folder too.
    """
    platform = open_platform(load_settings(home), actor=f"cli:{user()}", to_read=to_read)
    try:
        yield platform
    finally:
        platform.engine.dispose()


def user() -> str:
    """The login name of who runs the command; the number where the system has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
