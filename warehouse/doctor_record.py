"""What the doctor last found, kept in the home folder: the metrics ask it, and look at nothing anew."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from warehouse.diagnosis import Diagnosis
from warehouse.publish.durable import write_text

NAME = "doctor.json"


class LastLook(NamedTuple):
    """When the doctor looked, how many things it looked at, and the names of those that were wrong."""

    at: datetime
    looked_at: int
    faults: list[str]


def keep(root: Path, at: datetime, found: Sequence[Diagnosis]) -> None:
    """Write it down, in a home that is there; raises OSError."""
    if root.is_dir():
        faults = [one.name for one in found if not one.ok]
        said = {"at": at.isoformat(), "looked_at": len(found), "faults": faults}
        write_text(root / NAME, json.dumps(said, ensure_ascii=False))


def last(root: Path) -> LastLook | None:
    """What was written down; None where nothing was, or nothing readable."""
    try:
        said = json.loads((root / NAME).read_text(encoding="utf-8"))
        return LastLook(
            datetime.fromisoformat(said["at"]), int(said["looked_at"]), [str(one) for one in said["faults"]]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
