"""What the rules across submissions say of a nation's documents, and faults of them put into the last month.

All that is entered is held in memory as the store has it; who is who is the national ID itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
from seeded_faults import Subject

from checks.across.history import MONTHS_BEFORE, headcount_jumps, missing_kinds, unusual_numbers
from checks.across.leave_quotas import quotas_exceeded
from checks.across.overtime import MONTHS_EARNING, MONTHS_TOGETHER, TIME_OFF, beyond_three_months, time_off_not_earned
from checks.across.payrolls import on_two_payrolls
from checks.bulk import BatchResult
from checks.model.agency_kinds import kind_of_code
from checks.overtime_limits import packaged_overtime_limits
from checks.quotas import packaged_quotas
from warehouse.months import month_range, shifted

#: Agency code and month.
Place = tuple[str, str]


@dataclass(frozen=True)
class Entered:
    """A nation's records as entered: by dataset, with agency, month and person; and the counts of each document."""

    frames: Mapping[str, pl.DataFrame]
    counts: pl.DataFrame

    @classmethod
    def of(cls, result: BatchResult, places: list[Place]) -> "Entered":
        """From a checked batch, whose documents are of these places."""
        rows = [(number, *place, f"{place[0]} {place[1]}") for number, place in enumerate(places)]
        schema = {"document": pl.UInt32, "agency_code": pl.String, "month": pl.String, "submission_id": pl.String}
        where = pl.DataFrame(rows, schema=schema, orient="row")
        persons = result.entered["persons"]["person_id"]
        frames = {
            name: frame.join(where, on="document").with_columns(person_key=persons.gather(frame["person"]))
            for name, frame in result.entered.items()
            if name != "persons"
        }
        counts = [
            {**place, "dataset": name, "submitted": count.read, "entered": count.entered}
            for place, document in zip(where.drop("document").iter_rows(named=True), result.documents, strict=True)
            for name, count in document.counts.items()
        ]
        return cls(frames, pl.DataFrame(counts))

    def corrected(self, other: "Entered") -> "Entered":
        """With the documents of another in place of those of the same agencies and months."""
        here = ["agency_code", "month"]
        replaced = other.counts.select(here).unique()

        def joined(mine: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
            return pl.concat([mine.join(replaced, on=here, how="anti"), theirs], how="diagonal_relaxed")

        frames = {name: joined(frame, other.frames[name]) for name, frame in self.frames.items()}
        return Entered(frames, joined(self.counts, other.counts))

    def window(self, dataset: str, month: str, months: int) -> pl.DataFrame:
        """A dataset's records of so many months, the last of them `month`."""
        wanted = month_range(shifted(month, 1 - months), month)
        return self.frames[dataset].filter(pl.col("month").is_in(wanted))


def across(entered: Entered, month: str) -> pl.DataFrame:
    """Findings of all rules across submissions on all agencies' documents of a month."""
    ago = {one: MONTHS_BEFORE - n for n, one in enumerate(month_range(shifted(month, -MONTHS_BEFORE), month))}
    counts = entered.counts.filter(pl.col("month").is_in(list(ago)))
    counts = counts.with_columns(months_ago=pl.col("month").replace_strict(ago, return_dtype=pl.Int64))
    employees = entered.window("employees", month, 1)
    kinds = {code: kind_of_code(code).name for code in employees["agency_code"].unique()}
    staff = employees.with_columns(agency_kind=pl.col("agency_code").replace_strict(kinds, return_dtype=pl.String))
    earned = (
        entered.window("overtime", month, MONTHS_EARNING + 1)
        .filter(compensation="time_off")
        .group_by("person_key")
        .agg(minutes=pl.col("minutes_in_month").sum())
    )
    listed = entered.window("employees", month, MONTHS_EARNING + 1).group_by("person_key")
    earning = listed.agg(months=pl.col("month").n_unique()).join(earned, on="person_key", how="left")
    time_off = entered.window("leaves", month, 1).filter(leave_type=TIME_OFF)
    leaves = entered.window("leaves", month, MONTHS_BEFORE + 1)
    overtime = entered.window("overtime", month, MONTHS_TOGETHER)
    return pl.concat([
        quotas_exceeded(leaves, employees, month, packaged_quotas())[0],
        unusual_numbers(counts, month)[0],
        headcount_jumps(counts, month)[0],
        on_two_payrolls(employees, month),
        time_off_not_earned(time_off, earning.with_columns(pl.col("minutes").fill_null(0)), month)[0],
        beyond_three_months(overtime, staff, month, packaged_overtime_limits()),
        missing_kinds(counts, month),
    ])  # fmt: skip


def _all_duties(subject: Subject, leave_type: str) -> bool:
    """All duties of the month taken off at once."""
    duties = subject.duties
    if not duties:
        return False
    subject.leave(duties[0].start, duties[-1].end, sum(duty.hours for duty in duties), leave_type)
    return True


def _personal_leave(subject: Subject) -> bool:
    labour = subject.stretch.life.sort.employment_type == "labour" and subject.agency.version != "1.0"
    quota = 14 * 8 if labour else 7 * 8
    return sum(duty.hours for duty in subject.duties) > quota and _all_duties(subject, "01")


def _time_off(subject: Subject) -> bool:
    """Time off of more hours than all overtime that could be earned in two years."""
    life = subject.stretch.life
    earned = sum(one["minutes"] for one in life.overtime if one["compensation"] == "time_off") / 60
    return sum(duty.hours for duty in subject.duties) > earned and _all_duties(subject, TIME_OFF)


def _hardly_any_leave(subject: Subject) -> bool:
    leaves = subject.document["leaves"]
    if len(leaves) < 25:  # noqa: PLR2004 — of fewer, some are chance
        return False
    del leaves[1:]
    return True


def _a_third_left_out(subject: Subject) -> bool:
    employees = subject.document["employees"]
    if len(employees) < 10:  # noqa: PLR2004 — smaller agencies are not looked at
        return False
    gone = {row["person_id"] for row in employees[::3]} - {subject.person}
    for name in ("employees", "shifts", "leaves", "overtime", "clockings"):
        rows = subject.document.get(name, [])
        rows[:] = [row for row in rows if row["person_id"] not in gone]
    return True


def _no_overtime(subject: Subject) -> bool:
    had = bool(subject.document["overtime"])
    subject.document["overtime"] = []
    return had


@dataclass(frozen=True)
class FaultAcross:
    """A fault of a rule across submissions; `of_person`: the finding names the person, else the agency."""

    rule: str
    seed: Callable[[Subject], bool]
    of_person: bool = False


#: A person listed by a second agency (W209) is put there by the benchmark itself.
FAULTS_ACROSS = (
    FaultAcross("W202", _personal_leave, of_person=True),
    FaultAcross("W206", _hardly_any_leave),
    FaultAcross("W207", _a_third_left_out),
    FaultAcross("W213", _time_off, of_person=True),
    FaultAcross("W214", _no_overtime),
)
