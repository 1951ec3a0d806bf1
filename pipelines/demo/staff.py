"""Who works at which kind of agency of the made-up country, by whose calendar, and whether they clock.

The kind is said by the last character of an agency's code, as in the real register.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

SCHOOLS = frozenset("UXYZ")
POLICE_AND_FIRE, HOSPITAL = "C", "P"

#: How many of a hundred of an agency's people, its first one aside, are of which employment type.
_STAFF: dict[str, dict[str, int]] = {
    **{letter: {"teacher": 76, "contract": 10, "labour": 10, "other": 4} for letter in SCHOOLS},
    POLICE_AND_FIRE: {"civil_servant": 90, "contract": 3, "labour": 6, "other": 1},
    HOSPITAL: {"civil_servant": 55, "contract": 30, "labour": 15},
}
#: 工友、技工、駕駛、臨時人員 are labour.
_OFFICES = {"civil_servant": 70, "contract": 13, "labour": 13, "other": 4}
#: Of a hundred people who may: those who work by a roster at such an agency, part-timers, those on unpaid leave.
_ROSTERED = {POLICE_AND_FIRE: 70, HOSPITAL: 65}
_PART_TIME, _UNPAID = 30, 4
_PART_TIME_HOURS = 20
#: Days of annual leave by years of service.
_ANNUAL_LEAVE_DAYS = (21, 28, 30)
_HOURS_A_DAY = 8


@dataclass(frozen=True)
class Terms:
    """On what terms somebody works; `roster` names a cycle of `rostered_month.CYCLES`, None: the office's days."""

    roster: str | None = None
    clocks: bool = True
    weekly_hours: int | None = None
    annual_leave_hours: int | None = None
    unpaid_from: date | None = None

    @property
    def work_pattern(self) -> str:
        """As format 1.1 has it."""
        return "shift" if self.roster else "office"


def staff_of(letter: str) -> tuple[Sequence[str], Sequence[int]]:
    """Employment types of a kind of agency, and how many of a hundred are of each."""
    shares = _STAFF.get(letter, _OFFICES)
    return tuple(shares), tuple(shares.values())


def terms_of(serial: int, letter: str, name: str, employment_type: str, *, stays: bool) -> Terms:
    """The same for the same person; `stays`: neither joins nor leaves, so that unpaid leave may come between."""
    rng = Random(serial)  # noqa: S311  (made-up data)
    days = rng.choice(_ANNUAL_LEAVE_DAYS)
    rostered, part_time, unpaid = (rng.randrange(100) for _ in range(3))
    unpaid_from = date(2021, rng.choice((3, 4, 5, 6)), rng.randrange(5, 25))
    teacher = employment_type == "teacher"
    roster = None
    if not teacher and rostered < _ROSTERED.get(letter, 0):
        roster = "hospital" if letter == HOSPITAL else "fire" if "消防" in name else "police"
    return Terms(
        roster,
        clocks=not teacher,
        weekly_hours=_PART_TIME_HOURS if employment_type == "other" and part_time < _PART_TIME and not roster else None,
        annual_leave_hours=None if teacher else days * _HOURS_A_DAY,
        unpaid_from=unpaid_from if stays and unpaid < _UNPAID else None,
    )
