"""Office days and closures as the checks take them: what the ledger knows, now or at a moment."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from checks.closures import Closures
from checks.model.office_days import OfficeDays
from warehouse.office_calendar.editions import import_moments, load_office_days
from warehouse.register.closures import closed_days, moments_declared


class WorkingDays(NamedTuple):
    """What is known of the days: the fields are those of `checks.context.CheckContext`."""

    office_days: OfficeDays = OfficeDays()
    closures: Closures = Closures()


def load_working_days(session: Session, months: Collection[str], at: datetime | None = None) -> WorkingDays:
    """What matters to documents of these months, as known `at` (default: now)."""
    return WorkingDays(load_office_days(session, at), Closures(closed_days(session, months, at)))


def working_day_moments(session: Session) -> list[datetime]:
    """When anything was imported or declared, in order: between two of them nothing else was known."""
    return sorted({*import_moments(session), *moments_declared(session)})
