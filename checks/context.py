"""What a check needs to know besides the bytes: limits, today, the register, the dated tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from checks.calendar import OfficeCalendar
from checks.leave_types import LeaveTypes, packaged_leave_types
from checks.limits import Limits


class AgencyLookup(Protocol):
    """The register of agencies, as far as a check asks it."""

    def in_force(self, agency_code: str, month: str) -> bool | None:
        """Whether the agency is in force for at least one day of the month; None where it is not in the register."""


@dataclass(frozen=True)
class CheckContext:
    """`agencies` None: there is no register at hand, F011 is not evaluated."""

    today: date
    limits: Limits = field(default_factory=Limits)
    agencies: AgencyLookup | None = None
    leave_types: LeaveTypes = field(default_factory=packaged_leave_types)

    def calendar(self, months: Sequence[str]) -> OfficeCalendar:
        """The office calendar around the months of a batch."""
        return OfficeCalendar.around(list(months))
