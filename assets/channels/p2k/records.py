"""One row of a P2K table → one record of format 1.1, or None where the month does not claim it; people: `staff.py`.

What cannot be read becomes something that a record rule refuses (docs/channels.md lists what), because a value outside
the format would refuse the agency's whole document.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeGuard

from assets.channels.p2k.problems import Problem, Problems
from assets.channels.p2k.roster import Roster, Span, holds_id
from assets.channels.p2k.tables import Attendance, Duty, Form, RosterRow
from assets.channels.p2k.values import (
    HOURS_A_CLOCK_DAY,
    HOURS_A_DAY,
    hours_of,
    is_no_date,
    minutes_of,
    moment,
    normal_code,
    roc_date,
    shift_hours,
    to_decimal,
)
from checks.model.submitted import RECORD_ID_LENGTH

#: The most that the format lets through: more than the interval holds, so R106 refuses the record.
UNREADABLE_HOURS = 8784
UNREADABLE_MINUTES = 2880
#: Touches no month that is collected, so R105 refuses the clocking.
UNREADABLE_AT = datetime(1912, 1, 1)  # noqa: DTZ001 — local time, as the format has it
UNMAPPED_PREFIX = "webhr:"
_ORDINARY = "01"
_UNMAPPED_LENGTH = 20
_REASON_LENGTH = 200

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CodeMaps:
    """A subsystem's own codes: each map goes from its code, with the leading zero, to the format's."""

    leave_types: Mapping[str, str]
    trip_types: Mapping[str, str]
    default_trip_type: str
    employment_types: Mapping[str, str]
    year_kinds: Mapping[str, str]
    default_employment_type: str
    confirmed: frozenset[str]


class Interval(NamedTuple):
    """Start and end, and whether both could be read; where not, both are the one moment or day that could."""

    start: datetime
    end: datetime
    read: bool


@dataclass(slots=True)
class RecordMaker:
    """Makes the records of one agency and month; counts in `problems` whatever is not as it should be."""

    agency: str
    span: Span
    maps: CodeMaps
    roster: Roster
    problems: Problems
    _repeated: Counter[str] = field(default_factory=Counter)

    def apart(self) -> "RecordMaker":
        """Give another of the same month that counts for itself: for records that are only looked at."""
        return RecordMaker(self.agency, self.span, self.maps, self.roster, Problems())

    def leave(self, form: Form) -> Record | None:
        """Give a leave form."""
        return self._leave(form, self._mapped(form.code, self.maps.leave_types), "", "leave")

    def trip(self, form: Form) -> Record | None:
        """Give a trip form: a leave of the configured type."""
        mapped = self.maps.default_trip_type
        if self.maps.trip_types:
            mapped = self._mapped(form.code, self.maps.trip_types)
        return self._leave(form, mapped, "T-", "trip")

    def overtime(self, duty: Duty) -> Record | None:
        """Give a duty; no end day is the same day."""
        end_day = duty.start_day if is_no_date(duty.end_day) else duty.end_day
        interval = _interval(duty.start_day, duty.start_time, end_day, duty.end_time)
        if not self._claimed(interval, duty.status):
            return None
        record_id = self._record_id(duty.form_no, duty.person_id, "overtime", duty.start_day, duty.start_time)
        minutes = minutes_of(duty.hours)
        if minutes is None or not 1 <= minutes <= UNREADABLE_MINUTES:
            self.problems.note(Problem.BAD_DURATION, record_id)
            minutes, interval = UNREADABLE_MINUTES, _shorter(interval, timedelta(minutes=UNREADABLE_MINUTES))
        if not interval.read:
            self.problems.note(Problem.BAD_INTERVAL, record_id)
        return {
            "record_id": record_id,
            "person_id": duty.person_id,
            "start": _local(interval.start),
            "end": _local(interval.end),
            "minutes": minutes,
            "compensation": _compensation(duty),
            "category": _category(duty),
        }

    def shift(self, row: RosterRow, *, by_card: bool) -> Record | None:
        """Give a rostered duty; without an end day one that ends at or before its start ends the next day."""
        interval = _shift_interval(row)
        if not self._claimed(interval, None):
            return None
        person_id = self.roster.holder(row.holder) if by_card else row.holder
        if person_id is None:
            self.problems.note(Problem.SHARED_CARD)
            return None
        hours = shift_hours(row.hours)
        if hours is None or not interval.read:
            self.problems.note(Problem.BAD_SHIFT)
        if hours is None:
            hours, interval = HOURS_A_CLOCK_DAY, _shorter(interval, timedelta(hours=HOURS_A_CLOCK_DAY))
        return {"person_id": person_id, "start": _local(interval.start), "end": _local(interval.end), "hours": hours}

    def clockings(self, row: Attendance) -> Iterator[Record]:
        """In and out of a row of this month's table; an out in the early hours of the next month is left to that."""
        day = roc_date(row.day)
        for text, kind in ((row.start_time, "in"), (row.end_time, "out")):
            if _is_no_clocking(text):
                continue
            at = _next_day_if_before(row, day) if kind == "out" else moment(day, text)
            if at is not None and kind == "out" and day == self.span.last and not self.span.holds(at):
                continue
            yield from self._clocking(row.card, at, kind)

    def clockings_of_last_night(self, row: Attendance) -> Iterator[Record]:
        """Give the clocking out that a row of the last day of the month before left to this month."""
        if _is_no_clocking(row.end_time):
            return
        at = _next_day_if_before(row, roc_date(row.day))
        if at is not None and self.span.holds(at):
            yield from self._clocking(row.card, at, "out")

    def _clocking(self, card: str, at: datetime | None, kind: str) -> Iterator[Record]:
        person_id = self.roster.holder(card)
        if person_id is None:
            self.problems.note(Problem.SHARED_CARD)
            return
        if at is None:
            self.problems.note(Problem.BAD_CLOCKING)
            at = UNREADABLE_AT
        yield {"person_id": person_id, "at": _local(at), "kind": kind}

    def _leave(self, form: Form, leave_type: str, prefix: str, kind: str) -> Record | None:
        interval = _interval(form.start_day, form.start_time, form.end_day, form.end_time)
        if not self._claimed(interval, form.status):
            return None
        form_no = f"{prefix}{form.form_no}" if form.form_no else ""
        record_id = self._record_id(
            form_no, form.person_id, kind, normal_code(form.code), form.start_day, form.start_time
        )
        hours = hours_of(form.days)
        if hours is None or hours > UNREADABLE_HOURS:
            self.problems.note(Problem.BAD_DURATION, record_id)
            hours, interval = UNREADABLE_HOURS, _shorter(interval, timedelta(days=UNREADABLE_HOURS // HOURS_A_DAY - 1))
        if not interval.read:
            self.problems.note(Problem.BAD_INTERVAL, record_id)
        if leave_type.startswith(UNMAPPED_PREFIX):
            self.problems.note(Problem.UNMAPPED_CODE, record_id)
        if len(form.reason) > _REASON_LENGTH:
            self.problems.note(Problem.REASON_CUT, record_id)
        self.problems.look_for_lost(form.reason)
        return {
            "record_id": record_id,
            "person_id": form.person_id,
            "leave_type": leave_type,
            "start": _local(interval.start),
            "end": _local(interval.end),
            "hours": hours,
            "certificate": None,
            "reason": form.reason[:_REASON_LENGTH] or None,
        }

    def _claimed(self, interval: Interval | None, status: str | None) -> TypeGuard[Interval]:
        """Whether the form belongs in this document: touching the month, and confirmed where the table tells."""
        if interval is None:
            self.problems.note(Problem.NO_TIME)
            return False
        if not self.span.touches(interval.start, interval.end):
            return False
        if status is not None and status not in self.maps.confirmed:
            self.problems.note(Problem.NOT_CONFIRMED)
            return False
        return True

    def _mapped(self, code: str, codes: Mapping[str, str]) -> str:
        """Give the format's code, or the source's own behind a prefix that no leave type has: R107, never a guess."""
        return codes.get(normal_code(code), f"{UNMAPPED_PREFIX}{code[:_UNMAPPED_LENGTH]}")

    def _record_id(self, form_no: str | None, person_id: str, *key: str) -> str:
        """Give the form number, or the hash of the natural key with the employee number in place of the national ID."""
        if form_no and len(form_no) <= RECORD_ID_LENGTH["max_value"] and not holds_id(form_no, person_id):
            return form_no
        number = self.roster.number_of(person_id)
        digest = hashlib.sha256("\0".join([self.agency, number or "", *key]).encode()).hexdigest()[:32]
        if number is not None:
            return digest
        self._repeated[digest] += 1
        return digest if self._repeated[digest] == 1 else f"{digest}-{self._repeated[digest]}"


def _interval(start_day: str, start_time: str, end_day: str, end_time: str) -> Interval | None:
    """Give the interval of a form; None where not even a day can be read."""
    first, last = roc_date(start_day), roc_date(end_day)
    start, end = moment(first, start_time), moment(last, end_time)
    if start is not None and end is not None:
        return Interval(start, end, read=True)
    known = start or end or moment(first, "0000") or moment(last, "0000")
    return None if known is None else Interval(known, known, read=False)


def _shift_interval(row: RosterRow) -> Interval | None:
    interval = _interval(row.day, row.start_time, row.end_day or row.day, row.end_time)
    if interval is None or not interval.read or row.end_day is not None or interval.end > interval.start:
        return interval
    return interval._replace(end=interval.end + timedelta(days=1))


def _shorter(interval: Interval, limit: timedelta) -> Interval:
    """Give the interval, or its start alone where it is long enough to hold the most that the format lets through."""
    if interval.end - interval.start < limit:
        return interval
    return interval._replace(end=interval.start)


def _is_no_clocking(time: str) -> bool:
    """Whether the column says that nobody clocked: empty or `0`; `0000` is midnight."""
    return time in {"", "0"}


def _next_day_if_before(row: Attendance, day: date | None) -> datetime | None:
    """When the row's person clocked out: on the next day where the time is not after the clocking in.

    In 0800 and out 0800 is a duty of exactly 24 hours.
    """
    start, end = moment(day, row.start_time), moment(day, row.end_time)
    if start is not None and end is not None and end <= start:
        return end + timedelta(days=1)
    return end


def _compensation(duty: Duty) -> str:
    """Give the larger of hours taken off and hours paid; equal and above zero is time off."""
    taken, paid = to_decimal(duty.taken_off) or 0, to_decimal(duty.paid) or 0
    if max(taken, paid) <= 0:
        return "none"
    return "pay" if paid > taken else "time_off"


def _category(duty: Duty) -> str | None:
    """PRATYPE 1 is ordinary, any other special; None where the table does not say."""
    if not duty.kind:
        return None
    return "ordinary" if normal_code(duty.kind) == _ORDINARY else "special"


def _local(moment_: datetime) -> str:
    """`2021-06-03T08:30`."""
    return moment_.isoformat(timespec="minutes")
