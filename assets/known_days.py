"""Office days and closures as the checks take them: what the ledger knows, now or at a moment."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from checks.closures import Closures
from checks.model.office_days import OfficeDays
from warehouse.office_calendar.editions import imported_days, moments_imported
from warehouse.register.closures import closed_days, moments_declared


class KnownDays(NamedTuple):
    """What is known of the days: the fields are those of `checks.context.CheckContext`."""

    office_days: OfficeDays = OfficeDays()
    closures: Closures = Closures()


def known_days(session: Session, months: Collection[str], at: datetime | None = None) -> KnownDays:
    """What matters to documents of these months, as known `at` (default: now)."""
    return KnownDays(imported_days(session, at), Closures(closed_days(session, months, at)))


def moments_known(session: Session) -> list[datetime]:
    """When anything was imported or declared, in order: between two of them nothing else was known."""
    return sorted({*moments_imported(session), *moments_declared(session)})
