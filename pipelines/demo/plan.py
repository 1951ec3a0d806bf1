"""The plan: for each agency and month, what is handed in, when, and what must become of it.

Whatever is not in `_SPECIAL` hands in one sound document on time.  Tests hold the platform to this table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import IntEnum

from pipelines.demo.agencies import ABOLISHED, DemoAgency
from pipelines.demo.faults import CASES, FATAL
from pipelines.demo.p2k_rows import WEBHR_CASES

MONTHS = ("2021-03", "2021-04", "2021-05", "2021-06")
TAIPEI = timezone(timedelta(hours=8))


class Round(IntEnum):
    """The platform goes round twice for each month: before the deadline, and after it."""

    ON_TIME = 10
    LATE = 25

    def begins(self, month: str) -> datetime:
        """09:00 in Taipei on the 10th or 25th of the following month."""
        following = int(month[:4]) * 12 + int(month[5:])
        return datetime(following // 12, following % 12 + 1, self, 9, tzinfo=TAIPEI)


@dataclass(frozen=True)
class Attempt:
    """A document handed in: sound, or with a fatal `fault`, or with `cases`; `again`: the bytes of the one before.

    `by_hand`: through the manual channel, whatever the agency's own is.
    """

    when: Round
    fault: str | None = None
    cases: tuple[str, ...] = ()
    again: bool = False
    by_hand: bool = False

    @property
    def rules(self) -> frozenset[str]:
        """The F and R rules that find something."""
        if self.fault is not None:
            return frozenset({FATAL[self.fault].rule})
        return frozenset(rule for rule in self._case_rules() if rule.startswith("R"))

    @property
    def warnings(self) -> frozenset[str]:
        """The W rules that find something."""
        return frozenset(rule for rule in self._case_rules() if rule.startswith("W"))

    @property
    def outcome(self) -> str:
        """The state that the ledger gives it."""
        if self.fault is not None:
            return "refused"
        return "entered_with_errors" if self.rules else "entered"

    def _case_rules(self) -> Iterable[str]:
        for name in self.cases if self.fault is None else ():
            rule = CASES[name].rule if name in CASES else WEBHR_CASES[name].rule
            if rule is not None:
                yield rule


@dataclass(frozen=True)
class Planned:
    """An agency's month: what is handed in, in order of time; nothing: missing."""

    agency_code: str
    month: str
    attempts: tuple[Attempt, ...]

    @property
    def counting(self) -> Attempt | None:
        """The attempt that counts in the end: the newest that is not refused."""
        entered = [attempt for attempt in self.attempts if attempt.fault is None]
        return entered[-1] if entered else None

    @property
    def state(self) -> str:
        """State of the agency-month in the end."""
        if self.counting is not None:
            return self.counting.outcome
        return "refused" if self.attempts else "missing"

    @property
    def on_time(self) -> bool | None:
        """Whether the first document that was entered came by the deadline; None where none was."""
        entered = [attempt for attempt in self.attempts if attempt.fault is None]
        return entered[0].when is Round.ON_TIME if entered else None


_SOUND = Attempt(Round.ON_TIME)
_LATE = Attempt(Round.LATE)


def _on_time(*cases: str, fault: str | None = None) -> Attempt:
    return Attempt(Round.ON_TIME, fault, cases)


def _late(*cases: str, fault: str | None = None) -> Attempt:
    return Attempt(Round.LATE, fault, cases)


#: (channel, how many-th agency of that channel, month) → what it hands in.
_SPECIAL: dict[tuple[str, int, str], tuple[Attempt, ...]] = {
    ("webitr", 0, "2021-03"): (_LATE,),
    ("webitr", 1, "2021-04"): (_on_time("mistyped ID", "record id twice"), _LATE),
    ("webitr", 2, "2021-05"): (_on_time(fault="hours as text"), _LATE),
    ("webitr", 3, "2021-06"): (),
    ("webitr", 4, "2021-03"): (_on_time(fault="a comma too many"),),
    ("webitr", 5, "2021-04"): (_on_time(fault="a property twice"),),
    ("webitr", 6, "2021-05"): (_on_time("leave twice", "overtime on leave"),),
    ("webitr", 7, "2021-06"): (_on_time("clocked twice", "listed twice"),),
    ("webitr", 8, "2021-04"): (_LATE,),  # its server is down the first time: OUTAGES
    ("webitr", 10, "2021-06"): (_on_time(fault="a property of its own"),),
    ("webitr", 11, "2021-03"): (_on_time(fault="30 February"), _late("ends before it starts")),
    ("webitr", 12, "2021-06"): (_LATE,),
    ("webitr", 13, "2021-05"): (_SOUND, _late(fault="overtime left out")),
    ("webitr", 14, "2021-06"): (_on_time(fault="another agency's"),),
    ("webitr", 16, "2021-05"): (_on_time("nothing to report"),),
    ("webitr", 17, "2021-04"): (_on_time("leave on a Sunday", "no certificate"),),
    ("webitr", 18, "2021-06"): (
        _on_time(
            *("person not listed", "the year before", "two days in one", "unknown leave type", "leave type of 2025")
        ),
    ),
    ("webitr", 19, "2021-05"): (),
    ("webitr", 19, "2021-06"): (),
    ("webitr", 20, "2021-04"): (_SOUND, _late("one more leave")),
    ("webitr", 23, "2021-03"): (_on_time("absent"),),
    ("manual", 1, "2021-03"): (_on_time(fault="saved as Big5"), _LATE),
    ("manual", 2, "2021-04"): (),
    ("manual", 3, "2021-05"): (_LATE,),
    ("manual", 4, "2021-06"): (_on_time(fault="format 2.0"),),
    ("manual", 5, "2021-03"): (_SOUND, Attempt(Round.LATE, again=True)),
    ("manual", 6, "2021-05"): (_on_time("mistyped ID", "person not listed", "unknown leave type"),),
    ("webhr", 0, "2021-04"): (_on_time("ninth hour of a day"),),
    ("webhr", 1, "2021-05"): (_on_time("code of another system"),),
    ("webhr", 2, "2021-06"): (_on_time("mistyped ID in the roster", "no real date"),),
    ("webhr", 3, "2021-03"): (_on_time("clocked at 25 o'clock"),),
}
#: WebITR agencies (how many-th of them) whose server is down when the month's first round asks.
OUTAGES = {("2021-04", 8)}
#: The WebITR agency (how many-th) whose server takes its time.
SLOW = 9
#: The month in whose first round the counties' WebHR database cannot be reached, and how their codes begin.
WEBHR_DOWN, WEBHR_DOWN_FOR = "2021-05", "3765"


def make_plan(agencies: Sequence[DemoAgency]) -> list[Planned]:
    """The plan of all months: each agency due, and one that hands in though it is abolished."""
    place = {
        agency.agency_code: (channel, n)
        for channel in ("webitr", "webhr", "manual")
        for n, agency in enumerate(one for one in agencies if one.channel == channel)
    }
    plan = []
    for month in MONTHS:
        for agency in agencies:
            usual = (_SOUND,)
            if agency.channel == "webhr" and month == WEBHR_DOWN and agency.agency_code.startswith(WEBHR_DOWN_FOR):
                usual = (_LATE,)
            if agency.name == ABOLISHED and not agency.in_force(month):
                if month == "2021-05":
                    attempt = Attempt(Round.ON_TIME, "no longer in force", by_hand=True)
                    plan.append(Planned(agency.agency_code, month, (attempt,)))
            elif agency.due(month):
                attempts = _SPECIAL.get((*place[agency.agency_code], month), usual)
                plan.append(Planned(agency.agency_code, month, attempts))
    return plan
