"""The reports that people are shown, by the names that commands and addresses give them, and what of each fits a page.

Light to import: the command line asks it before it knows which command is meant.
"""

from enum import StrEnum


class NamedReport(StrEnum):
    """A report by the name that commands and addresses give it."""

    @property
    def table(self) -> str:
        """Its table in the warehouse."""
        return self.value.replace("-", "_")


class Report(NamedReport):
    """The reports of `attendance report`."""

    MONTHLY_COUNTS = "monthly-counts"
    SUMMARY = "summary"
    SUBMISSION_RATIOS = "submission-ratios"
    CLIENT_VERSIONS = "client-versions"


#: Table → the columns that fit a terminal, a page, a sheet of paper; files for programs have every column.
COLUMNS: dict[str, tuple[str, ...]] = {
    "monthly_counts": (
        "agency_code", "agency_name", "month", "dataset", "submitted", "entered", "refused", "warned", "headcount",
    ),
    "summary": (
        "scope", "agency_code", "agency_name", "month", "leave_type", "persons", "records", "hours", "days",
    ),
    "submission_ratios": (
        "scope", "agency_code", "agency_name", "due", "submitted", "on_time", "late", "missing",
        "agency_ratio", "on_time_ratio", "headcount_ratio", "correction_ratio",
    ),
    "client_versions": (
        "agency_code", "agency_name", "month", "system", "version", "newest_version", "versions_behind",
        "months_behind", "automatic_updates", "behind_all_the_same",
    ),
    "due_months": (
        "agency_code", "agency_name", "month", "due", "reason", "deadline", "counted", "outcome",
        "first_entered_at", "expected_headcount", "headcount", "errors_found", "errors_mended",
    ),
}  # fmt: skip
