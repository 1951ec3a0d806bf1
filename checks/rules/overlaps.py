"""Rules on records of a person that share time: R109 and R110 (leaves), R113 (overtime), R115 (rosters), R112."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity, in_digits, masked_person_id
from checks.working_time import HOUR_MS, WorkingTime

_NO_OVERLAP = pl.lit("不重疊 no overlap")
_INTERVAL = pl.format("{}～{}", "start", "end")
_COVERS = (
    "請假所涵蓋之時間：依辦公日上班者為其上班日，輪班者為其輪值班次，勤務型態不明者為整段起迄。"
    "What a leave covers: the working days of who keeps office hours, the rostered shifts of who works by a roster, "
    "otherwise the whole of its interval."
)

R109 = RecordRule(
    id="R109",
    life=always(Severity.ERROR),
    title="請假時段重疊",
    title_en="leave overlaps another leave of the same person",
    message="請假 {value} 與同一人另一筆請假重疊，請更正起迄時間或刪除其一。",
    message_en="The leave {value} overlaps another leave of the same person; correct the interval or remove one.",
    why="同一時間只能請一種假；較晚開始的一筆不入檔。Nobody is on two leaves at once; the later start is refused.",
    note=_COVERS,
    datasets=("leaves",),
    field="start",
    fails=pl.col("overlaps"),
    value=_INTERVAL,
    expected=_NO_OVERLAP,
    unless=("R104",),
)

R110 = RecordRule(
    id="R110",
    life=always(Severity.ERROR),
    title="加班與請假重疊",
    title_en="overtime overlaps a leave of the same person",
    message="加班 {value} 與同一人的請假重疊，請更正加班或請假的時間。",
    message_en="The overtime {value} overlaps a leave of the same person; correct the overtime or the leave.",
    why="請假中不能加班；公差、公假、公出除外。Nobody works overtime on leave; 05, 06 and 07 are official business.",
    note=(
        f"{_COVERS}勤務型態不明者，於請假中間整日之加班不計。Of whom the pattern is not known, overtime on a whole day "
        "strictly inside the leave is not held against it."
    ),
    datasets=("overtime",),
    field="start",
    fails=pl.col("overlaps_leave"),
    value=_INTERVAL,
    expected=_NO_OVERLAP,
    unless=("R104",),
)

R113 = RecordRule(
    id="R113",
    life=always(Severity.ERROR),
    title="加班時段重疊",
    title_en="overtime overlaps other overtime of the same person",
    message="加班 {value} 與同一人另一筆加班重疊，請更正起迄時間或刪除其一。",
    message_en="The overtime {value} overlaps other overtime of the same person; correct the interval or remove one.",
    why="同一時段只能報一次加班；較晚開始的一筆不入檔。The same hours count once; the later start is refused.",
    datasets=("overtime",),
    field="start",
    fails=pl.col("overlaps"),
    value=_INTERVAL,
    expected=_NO_OVERLAP,
    unless=("R104",),
)

_MORE_THAN_IT_LASTS = pl.col("hours") * HOUR_MS > pl.col("clock_ms")

R115 = RecordRule(
    id="R115",
    life=always(Severity.ERROR),
    title="輪班表重疊或時數超過起迄時間",
    title_en="a roster row overlaps another of the same person, or holds more hours than its clock time",
    message="輪值 {value} 與同一人另一班重疊，或時數超過起迄時間 {expected} 小時，請更正輪班表。",
    message_en="The duty {value} overlaps another of the same person, or claims more than the {expected} hours of its "
    "clock time; correct the roster.",
    why="同一時間只有一班。Nobody is on two duties at once.",
    datasets=("shifts",),
    field="start",
    fails=pl.col("overlaps") | _MORE_THAN_IT_LASTS,
    value=pl.format("{}～{}（{} 小時）", "start", "end", in_digits(pl.col("hours"))),
    expected=in_digits(pl.col("clock_ms") / HOUR_MS),
    unless=("R104",),
)

R112 = RecordRule(
    id="R112",
    life=always(Severity.ERROR),
    title="員工名冊同一人的期間重疊",
    title_en="two rows of a person in employees overlap in days",
    message="{value} 在名冊中有兩列以上的在職期間重疊，請更正起迄日或只保留一列；起日較晚的一列不入檔。",
    message_en="Rows of {value} overlap in days; correct from and to, or keep one. The one that begins later is "
    "refused.",
    why="同一日重複列名會使人數多計。A person counted twice on a day inflates the headcount.",
    note=(
        "離職後再任、人員類別或勤務型態變更者，各段一列，期間不重疊。A person who left and came back, or whose kind of "
        "employment or pattern changed, has a row for each stretch; their days do not overlap."
    ),
    datasets=("employees",),
    field="person_id",
    fails=pl.col("overlaps"),
    value=masked_person_id(pl.col("person_id")),
    expected=pl.lit("期間不重疊 days that do not overlap"),
    unless=("R101", "R105"),
)


def with_row_overlaps(employees: pl.DataFrame) -> pl.DataFrame:
    """Adds `overlaps`: the row shares a day with one of the same person that begins earlier (or is listed earlier)."""
    begins = pl.col("from_day").fill_null(pl.col("month_first")).to_physical()
    ends = pl.col("to_day").fill_null(pl.col("month_next")).to_physical() + 1
    return _with_overlaps(employees.with_columns(begins=begins, ends=ends))


def with_overlaps(records: pl.DataFrame) -> pl.DataFrame:
    """Adds `overlaps`: the record begins before an accepted earlier one of the same person ends, by the clock."""
    return _with_overlaps(records.with_columns(begins="start_at", ends="end_at"))


def with_roster_overlaps(shifts: pl.DataFrame) -> pl.DataFrame:
    """As `with_overlaps`; a duty of more hours than it lasts is refused too, and makes no other overlap it."""
    refused = shifts.with_columns(pl.col("refused") | _MORE_THAN_IT_LASTS)
    return shifts.with_columns(with_overlaps(refused)["overlaps"])


def with_leave_overlaps(leaves: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Adds `overlaps`: the leave shares time that both cover with an accepted earlier one of the same person."""
    suspects = _suspects(leaves.with_columns(begins="start_at", ends="end_at"))
    some = leaves.with_row_index("row").filter(pl.col("person").is_in(suspects.implode()))
    rows = _with_overlaps(_on_scale(some, work)).filter("overlaps")["row"]
    return leaves.with_columns(overlaps=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(rows.implode()))


def _on_scale(records: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Adds `begins` and `ends` on the scale of what leaves cover, see `WorkingTime.covered`."""
    valid = records.filter(pl.col("end_at") > pl.col("start_at"))
    return valid.with_columns(
        begins=pl.Series(work.covered(valid["person"], valid["start_at"])),
        ends=pl.Series(work.covered(valid["person"], valid["end_at"])),
    )


def _with_overlaps(records: pl.DataFrame) -> pl.DataFrame:
    """Adds `overlaps` over intervals from `begins` to before `ends`, and drops those two.

    `refused` (what the other rules said) counts: a refused record makes no other fail.  Earlier is by start, then by
    index.  Only persons with some overlap are walked through one record after another, since whether a record is
    accepted hangs on those before it.
    """
    suspects = _suspects(records)
    walked = records.with_row_index("place").filter(
        pl.col("person").is_in(suspects.implode()) & (pl.col("begins") < pl.col("ends"))
    )
    walked = walked.sort("person", "start_at" if "start_at" in records.columns else "begins", "index")
    found = list(_overlapping(walked.select("person", "begins", "ends", "refused")))
    places = walked["place"].filter(pl.Series(found, dtype=pl.Boolean))
    overlaps = pl.int_range(pl.len(), dtype=pl.UInt32).is_in(places.implode())
    return records.with_columns(overlaps=overlaps).drop("begins", "ends")


def _suspects(records: pl.DataFrame) -> pl.Series:
    """Persons of whom some two intervals share time; then two that follow each other do."""
    ordered = records.select("person", "begins", "ends", "index").filter(pl.col("begins") < pl.col("ends"))
    ordered = ordered.sort("person", "begins", "index")
    same_person = pl.col("person") == pl.col("person").shift()
    return ordered.filter(same_person & (pl.col("begins") < pl.col("ends").shift()))["person"].unique()


def _overlapping(ordered: pl.DataFrame) -> Iterator[bool]:
    person, busy_until = None, None
    for who, begins, ends, refused in ordered.iter_rows():
        if who != person:
            person, busy_until = who, None
        overlaps = busy_until is not None and begins < busy_until
        if not overlaps and not refused:
            busy_until = ends
        yield overlaps


def with_overtime_in_leaves(overtime: pl.DataFrame, leaves: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Adds `overlaps_leave`: the overtime shares time that an accepted leave covers, and that is no official business.

    Accepted leaves of a person share no covered time, so the last one that begins before the overtime ends, on the
    scale of what leaves cover, is the only one to compare with.
    """
    accepted = leaves.filter(~pl.col("refused") & ~pl.col("official"))
    rows = overtime.select("person", "start_at", "end_at").with_row_index("row")
    some = _within_reach(rows.filter(pl.col("end_at") > pl.col("start_at")), accepted, work)
    found = pl.Series([], dtype=pl.UInt32)
    if not some.is_empty():
        own = accepted.filter(pl.col("person").is_in(some["person"].unique().implode()))
        busy = _on_scale(own, work).filter(pl.col("begins") < pl.col("ends"))
        busy = busy.select("person", "begins", leave_ends="ends", leave_start="start_at", leave_end="end_at")
        asked = _on_scale(some, work).filter(pl.col("begins") < pl.col("ends")).with_columns(last=pl.col("ends") - 1)
        pairs = (
            asked.sort("last")
            .join_asof(
                busy.sort("begins"), left_on="last", right_on="begins", by="person", strategy="backward",
                check_sortedness=False, suffix="_leave",
            )
            .filter(pl.col("leave_ends") > pl.col("begins"))
        )  # fmt: skip
        found = pairs.filter(~_strictly_inside(pairs, work))["row"]
    return overtime.with_columns(overlaps_leave=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(found.implode()))


def _within_reach(overtime: pl.DataFrame, leaves: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """The overtime that begins before the end of some leave of the person's that begins before the overtime ends."""
    begins, ends = (work.moments(leaves["person"], leaves[name]) for name in ("start_at", "end_at"))
    order = np.argsort(begins)
    reach = np.append(np.maximum.accumulate(ends[order]), -1)
    last = np.searchsorted(begins[order], work.moments(overtime["person"], overtime["end_at"])) - 1
    return overtime.filter(reach[last] > work.moments(overtime["person"], overtime["start_at"]))


def _strictly_inside(pairs: pl.DataFrame, work: WorkingTime) -> pl.Series:
    """The overtime's days lie strictly inside the leave's, of a person whose duty that day is not known."""
    moment = pl.duration(milliseconds=1)
    inside = pairs.select(
        (pl.col("start_at").dt.date() > pl.col("leave_start").dt.date())
        & ((pl.col("end_at") - moment).dt.date() < (pl.col("leave_end") - moment).dt.date())
    ).to_series()
    day = pairs["start_at"].dt.date()
    return inside & work.hours_over(pairs["person"], day, day).is_null()
