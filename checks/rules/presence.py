"""Rules on days without a trace of a person: W205."""

import numpy as np
import polars as pl

from checks.calendar import OfficeCalendar
from checks.catalogue import RecordRule, always
from checks.findings import Severity

_LONGEST_MONTH = 31

W205 = RecordRule(
    id="W205",
    life=always(Severity.WARNING),
    title="上班日無刷卡亦無請假",
    title_en="a working day with neither clocking nor leave",
    message="該員 {value} 上班日沒有刷卡，也沒有請假，請補正；免刷卡或忘刷卡者請說明。",
    message_en="On the working day {value} there is neither a clocking nor a leave; complete it, or explain.",
    why="多半是忘刷卡或漏報請假。Mostly a clocking forgotten, or a leave not reported.",
    note=(
        "只檢查有報刷卡的檔案，且只計在職期間。當日有任何刷卡或請假（含被退件者）即不列；加班紀錄不算刷卡。"
        "每人每日一項。Only in documents that hold clockings, and only days on the payroll. Any clocking or leave of "
        "the day counts, even a refused one; overtime is no clocking. One finding a person and day."
    ),
    datasets=("employees",),
    field="person_id",
    fails=pl.lit(value=True),
    value=pl.col("day").dt.to_string("%Y-%m-%d"),
    expected=pl.lit("刷卡或請假 clocking or leave"),
    of_records_let_in=True,
)


def without_trace(judged: dict[str, pl.DataFrame], calendar: OfficeCalendar) -> pl.DataFrame:
    """The judged employees once for each working day (`day`, Date) without clocking or leave, in their order.

    A table of persons × days of the month, one byte each, is filled by position: no joins over clockings, of which a
    batch has hundreds of thousands.
    """
    clockings = judged["clockings"]
    employees = judged["employees"].filter(
        ~pl.col("refused") & pl.col("document").is_in(clockings["document"].unique().implode())
    )
    if employees.is_empty():
        return employees.with_columns(day=pl.lit(None, dtype=pl.Date))
    due = _due(employees, calendar)
    seen = _seen(clockings, judged["leaves"], persons=1 + max(_last_person(frame) for frame in judged.values()))
    rows, days = np.nonzero(due & ~seen[employees["person"].to_numpy()])
    missing = employees[rows].with_columns(days=pl.Series(days, dtype=pl.Int64))
    return missing.with_columns(day=pl.col("month_first") + pl.duration(days="days"))


def _last_person(frame: pl.DataFrame) -> int:
    return int(frame["person"].max() or 0)  # type: ignore[arg-type]  # numbers


def _due(employees: pl.DataFrame, calendar: OfficeCalendar) -> np.ndarray:
    """Employees × days of the month: a working day, and on the payroll."""
    months = employees.select("document", "month_first", "month_next").unique("document", maintain_order=True)
    numbers = pl.DataFrame({"number": range(_LONGEST_MONTH)})
    days = months.join(numbers, how="cross").with_columns(day=pl.col("month_first") + pl.duration(days="number"))
    worked = calendar.working_days(days["day"], days["day"], days["document"]) > 0
    worked &= days["day"] < days["month_next"]
    by_document = worked.to_numpy().reshape(months.height, _LONGEST_MONTH)
    place = {document: row for row, document in enumerate(months["document"].to_list())}
    due = by_document[[place[document] for document in employees["document"].to_list()]]
    day = np.arange(_LONGEST_MONTH)
    first, last = _offset(employees, "from_day", 0), _offset(employees, "to_day", _LONGEST_MONTH)
    return due & (day >= first[:, None]) & (day <= last[:, None])


def _seen(clockings: pl.DataFrame, leaves: pl.DataFrame, persons: int) -> np.ndarray:
    """Persons × days of the month: a clocking or a leave, refused or not."""
    seen = np.zeros((persons, _LONGEST_MONTH + 1), dtype=np.int32)
    in_month = pl.col("first_in_month") <= pl.col("last_in_month")
    valid = leaves.filter((pl.col("end_at") > pl.col("start_at")) & in_month)
    person = valid["person"].to_numpy()
    # +1 on the first day and -1 after the last: the running sum is how many leaves hold the day.
    np.add.at(seen, (person, _offset(valid, "first_in_month", 0)), 1)
    np.add.at(seen, (person, _offset(valid, "last_in_month", 0) + 1), -1)
    on_leave: np.ndarray = np.cumsum(seen[:, :_LONGEST_MONTH], axis=1) > 0
    clocked = clockings.select(
        "person", offset=(pl.col("clocked_at").dt.date() - pl.col("month_first")).dt.total_days()
    ).filter(pl.col("offset").is_between(0, _LONGEST_MONTH - 1))
    on_leave[clocked["person"].to_numpy(), clocked["offset"].to_numpy()] = True
    return on_leave


def _offset(frame: pl.DataFrame, column: str, missing: int) -> np.ndarray:
    """Days from the month's first to the column's, cut to the month; `missing` where there is none."""
    days = (frame[column] - frame["month_first"]).dt.total_days()
    return days.clip(0, _LONGEST_MONTH).fill_null(missing).to_numpy()
