"""Who has been reminded of which month, and when: what is known of the notices that were sent.

The seam to the notices: while the ledger has no table of them, nobody is known to have been reminded.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Reminded:
    """How often an agency was reminded of a month, and the last time: when (aware) and by which channel."""

    times: int
    last_at: datetime
    channel: str


def reminded(
    session: Session,  # noqa: ARG001 — the notices will be asked here
    months: Collection[str],  # noqa: ARG001
    as_of: datetime | None = None,  # noqa: ARG001
) -> dict[tuple[str, str], Reminded]:
    """(agency, month) → its reminders, of these months, as known at a moment (default: now)."""
    return {}
