"""Closures as the checks take them: what the ledger knows, now or at a moment."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from checks.closures import Closures
from warehouse.register.closures import closed_days


def closures_of(session: Session, months: Collection[str], at: datetime | None = None) -> Closures:
    """The closures that matter to documents of these months, as known `at` (default: now)."""
    return Closures(closed_days(session, months, at))
