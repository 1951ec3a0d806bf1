"""The duties (報送義務行事曆): what is due when, as data, and what people grant: exemptions and extensions.

`reckoning.py` how a moment is written beside a month; `calendar.py` the dated rows; `grants.py` what is granted, by
whom, until when; `owing.py` what these and the register come to: who owes which month, and until when.
"""

from warehouse.duties.calendar import CalendarRefused, DutyCalendar, calendar_of
from warehouse.duties.owing import Duties, MonthDuties

__all__ = ["CalendarRefused", "Duties", "DutyCalendar", "MonthDuties", "calendar_of"]
