"""What agencies owe and hold, as notices need it: until when each is to hand a month in, and what has come of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties
from warehouse.ledger import lifecycle
from warehouse.ledger.models import AgencyMonth, Submission
from warehouse.register import RegisterAgencies

#: Reminders and digests go out from this hour (Taipei): what came in the night before has been entered by then.
MORNING = time(8)

_A_MOMENT = timedelta(microseconds=1)

MISSING, REFUSED, ENTERED, WITH_ERRORS = "missing", "refused", "entered", "entered_with_errors"


@dataclass(frozen=True, slots=True)
class Held:
    """What a month has come to for an agency: one of the four states, with the counts of what it holds."""

    state: str
    received_at: datetime | None = None
    fatal: int = 0
    errors: int = 0
    warnings: int = 0


class Owing:
    """Who owes which month, and until when, by what was so when this was made; each month asked once."""

    def __init__(self, duties: Duties) -> None:
        self.duties = duties
        self._months: dict[str, dict[str, datetime]] = {}

    @property
    def register(self) -> RegisterAgencies:
        """The register."""
        return self.duties.register

    def until(self, month: str) -> dict[str, datetime]:
        """Agency → its deadline, of those that owe the month (`YYYY-MM`)."""
        if month not in self._months:
            said = self.duties.of_month(month)
            self._months[month] = {code: said.until(code) for code in said.due}
        return self._months[month]

    def deadline(self, agency_code: str, month: str) -> datetime:
        """When the month is due of that agency, whether or not it owes it."""
        return self.until(month).get(agency_code) or self.duties.until(agency_code, month)

    def occasion(self, until: datetime, month: str, day: int) -> str:
        """What tells a day's reminder from the others; where a deadline was moved, those of before are other ones."""
        moved = "" if until == self.duties.calendar.due(month) else f" of {last_day(until)}"
        return f"day {day:+d}{moved}"

    def below(self, authority: str, month: str) -> dict[str, datetime]:
        """The same, of the authority itself and all below it at every depth."""
        untils = self.until(month)
        return {code: untils[code] for code in self.register.tree(month).descendants_of(authority) if code in untils}

    def name(self, agency_code: str) -> str:
        """Its newest name; its code where the register has none."""
        return self.register.name(agency_code) or agency_code


def last_day(until: datetime) -> date:
    """The day in Taipei at whose end, or within which, a deadline falls."""
    return (until.astimezone(TAIPEI) - _A_MOMENT).date()


def morning_of(until: datetime, days: int) -> datetime:
    """8:00 in Taipei, so many days after the last day (negative: before it)."""
    return datetime.combine(last_day(until) + timedelta(days=days), MORNING, TAIPEI)


def held(session: Session, month: str) -> Mapping[str, Held]:
    """Agency → what it holds of the month; `missing` for those of which nothing was judged that came after it ended."""
    pointers = select(AgencyMonth.agency_code, AgencyMonth.submission_id).where(
        AgencyMonth.month == month, AgencyMonth.first_entered_received_at.is_not(None)
    )
    counted = {row.agency_code: row.submission_id for row in session.execute(pointers)}
    columns = (Submission.agency_code, Submission.id, Submission.state, Submission.received_at)
    numbers = (Submission.fatal, Submission.errors, Submission.warnings)
    found: dict[str, Held] = defaultdict(lambda: Held(MISSING))
    judged = select(*columns, *numbers).where(Submission.month == month).order_by(Submission.received_at)
    for code, id_, state, received_at, *counts in session.execute(judged):
        if counted.get(code) == id_:
            found[code] = Held(WITH_ERRORS if counts[1] else ENTERED, received_at, *counts)
        elif state == lifecycle.REFUSED and counted.get(code) is None:
            found[code] = Held(REFUSED, received_at, *counts)
    return found
