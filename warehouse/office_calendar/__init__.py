"""辦公日曆 The government's office calendar as an operator imports it: what is published, and what was said when.

The tables are the ledger's (`warehouse.ledger.office_calendar`); docs/office-calendar.md tells an operator.
"""

from warehouse.office_calendar.editions import CalendarImport, import_calendar, list_editions, load_office_days
from warehouse.office_calendar.published import PublishedDay, read_published

__all__ = ["CalendarImport", "PublishedDay", "import_calendar", "list_editions", "load_office_days", "read_published"]
