"""One fault of a rule put into a lawful document, of one person: what the rule has to find, and of whom it can.

A fault gives the dataset and index of the record that is to be named; None where this person and month cannot have it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from lawful_nation import LawfulAgency, Stretch
from lawful_people import Duty

from checks.model.agency_kinds import kind_of_code
from pipelines.demo.people import spoil_check_digit

Document = dict[str, Any]
Place = tuple[str | None, int | None]

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: A leave type that lapsed with 2023, one that is none, and one that needs a certificate on the first day.
_LAPSED, _UNKNOWN, _CERTIFIED = "32", "77", "22"
#: Of teachers' months those are left out that have vacations, of which it is not known which days they have duty on.
_WITH_VACATIONS = (1, 2, 7, 8)


@dataclass
class Subject:
    """A person in an agency's document of a month, all of which the person is there and not on leave of any kind."""

    agency: LawfulAgency
    stretch: Stretch
    month: str
    document: Document

    @property
    def person(self) -> str:
        """The national ID."""
        return self.stretch.life.person_id

    @property
    def first(self) -> date:
        """The month's first day."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def duties(self) -> list[Duty]:
        """The month's duties, all of them worked, that end within it."""
        begins, ends = _bounds(self.first)
        return [duty for duty in self.stretch.life.duties if begins <= duty.start and duty.end < ends]

    @property
    def days_off(self) -> list[date]:
        """Days between the third and the 26th on which no duty begins or ends."""
        worked = {day for duty in self.stretch.life.duties for day in (duty.start.date(), duty.end.date())}
        days = (self.first + number * _DAY for number in range(2, 26))
        at_work = {record["start"].date() for record in self.own("overtime")}
        return [day for day in days if day not in worked and day not in at_work]

    @property
    def knows_days(self) -> bool:
        """Whether it is known on which days the person works."""
        if self.agency.version == "1.0":
            office = kind_of_code(self.agency.code).office
        else:
            office = self.stretch.life.sort.pattern is not None or kind_of_code(self.agency.code).office
        return office or self.stretch.life.sort.employment_type == "teacher"

    @property
    def full_time(self) -> bool:
        """Whether the person works full time, or the document says that it is less, as format 1.0 cannot."""
        return self.stretch.life.sort.weekly_hours is None or self.agency.version != "1.0"

    @property
    def has_limit(self) -> bool:
        """Whether a limit of overtime is known of such staff."""
        known = {"civil_servant", "contract"} | ({"labour"} if self.agency.version != "1.0" else set())
        return self.stretch.life.sort.employment_type in known and self.agency.code[-1] != "C"

    def own(self, dataset: str) -> list[dict[str, Any]]:
        """The person's records."""
        return [record for record in self.document[dataset] if record["person_id"] == self.person]

    def add(self, dataset: str, **record: Any) -> Place:
        """Put a record of the person, after all others."""
        records = self.document[dataset]
        records.append({"person_id": self.person, **record})
        return dataset, len(records) - 1

    def leave(self, start: datetime, end: datetime, hours: float, leave_type: str = "01", **more: Any) -> Place:
        """Put a leave."""
        said = {"record_id": f"F{len(self.document['leaves'])}", "leave_type": leave_type, "certificate": None}
        return self.add("leaves", **{**said, "start": start, "end": end, "hours": hours, "reason": None, **more})

    def overtime(self, start: datetime, hours: float) -> Place:
        """Put overtime."""
        said = {"record_id": f"F{len(self.document['overtime'])}", "start": start, "end": start + hours * _HOUR}
        return self.add("overtime", **said, minutes=int(hours * 60), compensation="pay")

    def leave_of(self, duty: Duty, leave_type: str = "01", **more: Any) -> Place:
        """Put a leave of a whole duty."""
        return self.leave(duty.start, duty.end, duty.hours, leave_type, **more)


def _bounds(first: date) -> tuple[datetime, datetime]:
    return datetime.combine(first, time()), datetime.combine((first + 31 * _DAY).replace(day=1), time())


def subjects(agencies: list[LawfulAgency], months: list[str]) -> Iterator[Subject]:
    """Everybody who is at an agency all of a month, with no leave in it, a document each."""
    for agency in agencies:
        for month in months:
            first = date.fromisoformat(f"{month}-01")
            begins, ends = _bounds(first)
            for stretch in agency.stretches:
                if stretch.status or stretch.first > first or stretch.last < ends.date() - _DAY:
                    continue
                if stretch.life.sort.employment_type == "teacher" and first.month in _WITH_VACATIONS:
                    continue
                if any(one["start"] < ends and one["end"] > begins for one in stretch.life.leaves):
                    continue
                yield Subject(agency, stretch, month, {})


Seed = Callable[[Subject], Place | None]


def _spoilt_id(subject: Subject) -> Place | None:
    at = datetime.combine(subject.first, time(8))
    return subject.add("clockings", at=at, kind="in", person_id=spoil_check_digit(subject.person))


def _of_a_stranger(subject: Subject) -> Place | None:
    at = datetime.combine(subject.first, time(8))
    return subject.add("clockings", at=at, kind="in", person_id="A123456789")


def _same_record_id(subject: Subject) -> Place | None:
    if len(subject.duties) < 2:  # noqa: PLR2004 — two leaves
        return None
    first, second = subject.duties[:2]
    subject.leave_of(first, record_id="twice")
    return subject.leave_of(second, record_id="twice")


def _at_duty(deed: Callable[[Subject, Duty], Place | None]) -> Seed:
    """A fault that needs a duty in the middle of the month."""

    def seed(subject: Subject) -> Place | None:
        duties = subject.duties
        return deed(subject, duties[len(duties) // 2]) if duties else None

    return seed


def _claimed_twice(subject: Subject, duty: Duty) -> Place | None:
    subject.leave_of(duty)
    return subject.leave_of(duty, "02")


def _worked_on_leave(subject: Subject, duty: Duty) -> Place | None:
    subject.leave_of(duty)
    return subject.overtime(duty.start + _HOUR, 1)


def _clocked_twice(subject: Subject, duty: Duty) -> Place | None:
    subject.add("clockings", at=duty.start, kind="break_out")
    return subject.add("clockings", at=duty.start, kind="break_out")


def _listed_twice(subject: Subject) -> Place | None:
    row = next(row for row in subject.document["employees"] if row["person_id"] == subject.person)
    return subject.add("employees", **row)


def _overtime_twice(subject: Subject) -> Place | None:
    if not subject.days_off:
        return None
    begins = datetime.combine(subject.days_off[0], time(3))
    subject.overtime(begins, 2)
    return subject.overtime(begins + _HOUR, 2)


def _after_leaving(subject: Subject) -> Place | None:
    row = next(row for row in subject.document["employees"] if row["person_id"] == subject.person)
    last = subject.first + 10 * _DAY
    later = [duty for duty in subject.duties if duty.start.date() > last]
    if not later:
        return None
    row["to"] = last.isoformat()
    return subject.leave_of(later[0])


def _two_duties_at_once(subject: Subject) -> Place | None:
    rostered = subject.own("shifts") if "shifts" in subject.document else []
    return subject.add("shifts", **rostered[1]) if len(rostered) > 1 else None


def _on_a_day_off(subject: Subject) -> Place | None:
    if not subject.days_off:
        return None
    begins = datetime.combine(subject.days_off[0], time(8, 30))
    return subject.leave(begins, begins + 9 * _HOUR, 8)


def _too_long_a_day(subject: Subject) -> Place | None:
    if not subject.days_off:
        return None
    return subject.overtime(datetime.combine(subject.days_off[0], time(6)), 12.5)


def _beyond_the_wider(subject: Subject) -> Place | None:
    if not subject.days_off:
        return None
    return subject.overtime(datetime.combine(subject.days_off[0], time(6)), 15)


def _too_long_a_month(subject: Subject) -> Place | None:
    """Eleven hours on each of as many days off as it takes, the last of which is above 80 hours."""
    hours = sum(record["minutes"] for record in subject.own("overtime")) / 60
    place = None
    if hours + 11 * len(subject.days_off) <= 80:  # noqa: PLR2004 — the widest of the months' limits
        return None
    for day in subject.days_off:
        place = subject.overtime(datetime.combine(day, time(6)), 11)
    return None if place is None else ("overtime", None)


def _without_trace(subject: Subject, duty: Duty) -> Place | None:
    day = duty.start.date()
    if any(other is not duty and day in (other.start.date(), other.end.date()) for other in subject.duties):
        return None
    if day in {record["start"].date() for record in subject.own("overtime")} or not subject.own("clockings"):
        return None
    person = subject.person
    subject.document["clockings"] = [
        one for one in subject.document["clockings"] if one["person_id"] != person or one["at"].date() != day
    ]
    return ("employees", None) if subject.own("clockings") else None


def _never_clocked(subject: Subject) -> Place | None:
    if not subject.own("clockings") or not subject.duties:
        return None
    subject.document["clockings"] = [one for one in subject.document["clockings"] if one["person_id"] != subject.person]
    return ("employees", None) if subject.document["clockings"] else None


def _not_taken(subject: Subject, duty: Duty) -> Place | None:
    day = duty.start.date()
    clocked = {kind: [one["at"] for one in subject.own("clockings") if (one["at"].date(), one["kind"]) == (day, kind)]
               for kind in ("in", "out")}  # fmt: skip
    if not all(clocked.values()) or min(clocked["in"]) > max(clocked["out"]):
        return None
    return subject.leave_of(duty)


def _longer_than_the_duty(subject: Subject, duty: Duty) -> Place | None:
    until = duty.end + 3 * _HOUR
    if until.date() != duty.end.date():
        return None  # it touches the next day's duty
    return subject.leave(duty.start, until, duty.hours + 2)


def _of_another_month(subject: Subject) -> Place | None:
    dated = sum(len(subject.document[name]) for name in ("leaves", "overtime", "clockings"))
    if dated < 10:  # noqa: PLR2004 — fewer say nothing of the month
        return None
    subject.document["month"] = (subject.first - _DAY).isoformat()[:7]
    return None, None


def _all_refused(subject: Subject) -> Place | None:
    for name in ("leaves", "overtime", "clockings"):
        for record in subject.document[name]:
            record["person_id"] = spoil_check_digit(record["person_id"])
    return (None, None) if any(subject.document[name] for name in ("leaves", "overtime", "clockings")) else None


def _everybody(_subject: Subject) -> bool:
    return True


@dataclass(frozen=True)
class Fault:
    """A fault of a rule, and of whom the rule can be asked; of anybody else it has to say nothing."""

    rule: str
    seed: Seed
    of: Callable[[Subject], bool] = _everybody


def _clocking_is_known(subject: Subject) -> bool:
    return subject.knows_days and bool(subject.stretch.life.sort.clocks)


#: The faults of one document; those across documents are in `faults_across`.
FAULTS = (
    Fault("F013", _of_another_month),
    Fault("F014", _all_refused),
    Fault("R101", _spoilt_id),
    Fault("R102", _of_a_stranger),
    Fault("R103", _same_record_id),
    Fault("R104", _at_duty(lambda subject, duty: subject.leave(duty.start, duty.start, 8))),
    Fault("R105", _at_duty(lambda subject, duty: subject.leave(duty.start - 40 * _DAY, duty.end - 40 * _DAY, 8))),
    Fault("R106", _at_duty(lambda subject, duty: subject.leave(duty.start, duty.start + 4 * _HOUR, 5))),
    Fault("R107", _at_duty(lambda subject, duty: subject.leave_of(duty, _UNKNOWN))),
    Fault("R108", _at_duty(lambda subject, duty: subject.leave_of(duty, _LAPSED))),
    Fault("R109", _at_duty(_claimed_twice)),
    Fault("R110", _at_duty(_worked_on_leave)),
    Fault("R111", _at_duty(_clocked_twice)),
    Fault("R112", _listed_twice),
    Fault("R113", _overtime_twice),
    Fault("R114", _after_leaving),
    Fault("R115", _two_duties_at_once),
    Fault("R116", _at_duty(lambda subject, duty: subject.leave(duty.start, duty.end + 367 * _DAY, 8))),
    Fault("W201", _on_a_day_off, lambda subject: subject.knows_days),
    Fault("W203", _too_long_a_day, lambda subject: subject.has_limit),
    Fault("W204", _too_long_a_month, lambda subject: subject.has_limit),
    Fault("W205", _at_duty(_without_trace), _clocking_is_known),
    Fault("W208", _at_duty(lambda subject, duty: subject.leave_of(duty, _CERTIFIED, certificate=False))),
    Fault(
        "W210",
        _at_duty(_longer_than_the_duty),
        lambda subject: subject.knows_days and subject.full_time,
    ),
    Fault("W211", _never_clocked, lambda subject: _clocking_is_known(subject) and subject.agency.version != "1.0"),
    Fault(
        "W212",
        _beyond_the_wider,
        lambda subject: subject.has_limit and subject.stretch.life.sort.employment_type != "labour",
    ),
    Fault("W215", _at_duty(_not_taken), lambda subject: subject.knows_days and subject.full_time),
)
