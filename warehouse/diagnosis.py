"""One thing that the doctor looked at: the form in which everything is said that is right or wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: Called after each file looked at.
Advance = Callable[[], object]

RESTORE = "請自備份還原 restore from a backup"
REBUILD = "attendance rebuild"

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked at.  `found` and `remedy` (empty where `ok`) are in Chinese and English, of one line."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def some(names: Iterable[str]) -> str:
    """The first few names, and whether there are more."""
    listed = list(names)
    return ", ".join(listed[:_SHOWN]) + (" …" if len(listed) > _SHOWN else "")
