"""What a check needs to know besides the bytes: limits, today, the register, the dated tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import polars as pl

from checks.calendar import OfficeCalendar
from checks.catalogue import Period
from checks.closures import Closures
from checks.leave_types import LeaveTypes, packaged_leave_types
from checks.limits import Limits
from checks.model.agency_kinds import Kind, Pattern, Staffing
from checks.model.office_days import OfficeDays
from checks.overtime_limits import OvertimeLimits, packaged_overtime_limits


class AgencyLookup(Protocol):
    """The register of agencies, as far as a check asks it."""

    def in_force(self, agency_code: str, month: str) -> bool | None:
        """Whether the agency is in force for at least one day of the month; None where it is not in the register."""

    def staffing(self, agency_code: str, month: str) -> Staffing:
        """What the agency's row of that month states of its staff."""


@dataclass(frozen=True)
class CheckContext:
    """`agencies` None: there is no register at hand, F011 is not evaluated.

    `lives` gives record rules, by id, another life than their own: what a change of rules would do is tried so.
    """

    today: date
    limits: Limits = field(default_factory=Limits)
    agencies: AgencyLookup | None = None
    leave_types: LeaveTypes = field(default_factory=packaged_leave_types)
    overtime_limits: OvertimeLimits = field(default_factory=packaged_overtime_limits)
    office_days: OfficeDays = field(default_factory=OfficeDays)
    closures: Closures = field(default_factory=Closures)
    lives: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)

    def calendar(self, documents: pl.DataFrame) -> OfficeCalendar:
        """The office calendar of a batch: its documents as `document`, `agency_code`, `month`."""
        closed = self.closures.of_documents(documents)
        return OfficeCalendar.around(documents["month"].to_list(), closed, self.office_days)

    def staff(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Adds the `agency_kind` and the `default_pattern` of its staff to `document`, `agency_code`, `month`."""
        rows = [
            (document, agency, month, kind.name, pattern)
            for document, agency, month in documents.select("document", "agency_code", "month").iter_rows()
            for kind, pattern in (self._staff_of(agency, month),)
        ]
        schema: dict[str, Any] = {**documents.schema, "agency_kind": pl.String, "default_pattern": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _staff_of(self, agency_code: str, month: str) -> tuple[Kind, str]:
        stated = self.agencies.staffing(agency_code, month) if self.agencies else Staffing()
        kind = stated.kind_of(agency_code)
        pattern = Pattern(stated.work_pattern) if stated.work_pattern else kind.pattern
        return kind, pattern.value
