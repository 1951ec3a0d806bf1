"""Rules on quotas of leave over all months entered: W202."""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from checks.across.findings import findings_of, in_hours
from checks.catalogue import Rule, always
from checks.closures import WHOLE_DAY
from checks.findings import Severity
from checks.quotas import Quotas

#: Months before the one reviewed that can matter: a school year reaches back eleven, an event over a year's end.
MONTHS_BEFORE = 12
#: Source: format 1.0, "An event is the same person's records of that type no more than 30 days apart".
_SAME_EVENT = timedelta(days=30)
#: Sums of halves are exact; shares of a leave within a month are thirds and sevenths.
_ROUNDING = 1e-6

W202 = Rule(
    id="W202",
    life=always(Severity.WARNING),
    title="假別日數超過上限",
    title_en="a person's quota for a leave type exceeded",
    message="該員 {value}，超過上限（{expected}），請確認假別與時數；屬實者請說明。",
    message_en="{value} for this person is above the quota ({expected}); check type and hours, or explain.",
    why="各假別有日數上限，須累計各月才看得出。Quotas run over the months; no single month shows it.",
    note=(
        "累計同一人在各機關各月採計的報送中落在各該月的時數，至本月底止；年度為曆年，教師為學年（8 月至次年 7 月），"
        "依本機關本月員工名冊的人員類別（名冊該列被退件者依一般規定）。每次事件：同假別相隔不逾 30 日者為同一事件，"
        "最多回溯 12 個月。併計者（25、28 併入 01；24 每年前 3 日以外併入 02）計入該上限。上限依該筆起日。"
        "依月份、起時、機關累計；每人每上限每月一項，列於超過上限（或已超過後）、且時數落在本月的第一筆。"
        "The hours within each month of what the months count are added up for the person over all agencies, to the "
        "end of this month: the calendar year, for teachers the school year. The kind of staff is that of this "
        "agency's list of the month; whose row there was refused is judged as staff of no special kind. An event is a "
        "chain of records at most 30 days apart, back to 12 months. Types counted within another use up its quota too. "
        "The quota is that of the day on which the record starts. Records count by month, start and agency. One "
        "finding a person, quota and month, on the first record with hours in the month by which it is exceeded, or "
        "the first after it was."
    ),
)


@dataclass(frozen=True)
class _Line:
    """Records of `leave_type` use up the quota of `quota_type`, all but the first `free_hours` of a year."""

    quota_type: str
    leave_type: str
    per: str
    free_hours: float


def _lines(quotas: Quotas) -> list[_Line]:
    rows = quotas.periods.unique(["leave_type", "per"], keep="first", maintain_order=True)
    own = [_Line(row["leave_type"], row["leave_type"], row["per"], 0) for row in rows.iter_rows(named=True)]
    per = {line.quota_type: line.per for line in own}
    within = [
        _Line(row["counted_within"], row["leave_type"], per[row["counted_within"]], (row["free_days"] or 0) * WHOLE_DAY)
        for row in rows.iter_rows(named=True)
        if row["counted_within"]
    ]
    return own + within


def users_of_quotas(quotas: Quotas) -> pl.DataFrame:
    """Which leaves use up which quota: `quota_type`, `leave_type`, `per`, `least_hours` (the smallest quota ever).

    Whoever has no more than `least_hours` of it in the window can have no finding, so his records need not be read.
    """
    least = quotas.periods.group_by("leave_type").agg(least=pl.col("days").min() * WHOLE_DAY)
    hours = dict(least.iter_rows())
    rows = [(one.quota_type, one.leave_type, one.per, hours[one.quota_type]) for one in _lines(quotas)]
    return pl.DataFrame(rows, schema=["quota_type", "leave_type", "per", "least_hours"], orient="row")


def quotas_exceeded(
    leaves: pl.DataFrame, employment: pl.DataFrame, month: str, quotas: Quotas, rule: Rule = W202
) -> pl.DataFrame:
    """Findings of `month` (`YYYY-MM`), right for the agencies of which `employment` is given.

    `leaves`: the persons' counted leaves of the window, in all agencies: `agency_code`, `month`, `submission_id`,
    `record_index`, `record_id`, `person_key`, `leave_type`, `start_at`, `end_at`, `hours_in_month`.  `employment`:
    `agency_code`, `person_key`, `employment_type`, the employees of the agency-months reviewed; whoever has a leave
    and is not among them, his own row having been refused, is judged as staff of no special kind.
    """
    kinds = employment.select(
        "person_key", judged_for="agency_code", employment_type=pl.col("employment_type").cast(pl.String)
    ).unique(["person_key", "judged_for"], keep="first")
    with_leaves = leaves.filter(month=month).select("person_key", judged_for="agency_code").unique()
    subjects = with_leaves.join(kinds, on=["person_key", "judged_for"], how="left")
    of_subjects = leaves.join(subjects, on="person_key").with_columns(first_month=_first_month(month))
    ordered = ["judged_for", "person_key", "month", "start_at", "agency_code", "record_index"]
    parts = [_used(of_subjects.sort(ordered), line, month) for line in _lines(quotas)]
    used = pl.concat(parts).sort("quota_type", *ordered)
    group = ["quota_type", "judged_for", "person_key", "event"]
    used = used.with_columns(so_far=pl.col("hours").cum_sum().over(group), total=pl.col("hours").sum().over(group))
    used = used.filter((pl.col("month") == month) & (pl.col("agency_code") == pl.col("judged_for")))
    over = _with_quota(used, quotas).filter(pl.col("so_far") > pl.col("quota_days") * WHOLE_DAY + _ROUNDING)
    first = over.unique(["quota_type", "judged_for", "person_key"], keep="first", maintain_order=True)
    found = first.sort("agency_code", "record_index", "quota_type").select(
        "agency_code",
        "submission_id",
        dataset=pl.lit("leaves"),
        index=pl.col("record_index").cast(pl.UInt32),
        record_id="record_id",
        field=pl.lit("hours"),
        value=pl.format("{} {} 小時", "quota_type", in_hours(pl.col("total"))),
        expected=pl.format(
            "≤ {} 小時（{} 日）", in_hours(pl.col("quota_days") * WHOLE_DAY), in_hours(pl.col("quota_days"))
        ),
        person_key="person_key",
    )
    return findings_of(rule, month, found)


def _first_month(month: str) -> pl.Expr:
    """The first month of the person's year: January, or August for teachers."""
    year, number = int(month[:4]), int(month[5:])
    school_year = f"{year if number >= 8 else year - 1:04}-08"  # noqa: PLR2004  (August; the school year's first month)
    return pl.when(pl.col("employment_type") == "teacher").then(pl.lit(school_year)).otherwise(pl.lit(f"{year:04}-01"))


def _used(leaves: pl.DataFrame, line: _Line, month: str) -> pl.DataFrame:
    """The records that use up a quota, with the `hours` of it and the `event` (0 for a year or a month)."""
    records = leaves.filter(pl.col("leave_type") == line.leave_type).with_columns(quota_type=pl.lit(line.quota_type))
    person = ["judged_for", "person_key"]
    if line.per == "event":
        last_end = pl.col("end_at").cum_max().shift().over(person)
        begins = (pl.col("start_at") > last_end + _SAME_EVENT).fill_null(value=False)
        records = records.sort(*person, "start_at", "month", "agency_code", "record_index")
        records = records.with_columns(event=begins.cum_sum().over(person).cast(pl.Int64))
    else:
        since = pl.col("month") == month if line.per == "month" else pl.col("month") >= pl.col("first_month")
        records = records.filter(since).with_columns(event=pl.lit(0, dtype=pl.Int64))
    hours = pl.col("hours_in_month")
    if line.free_hours:
        so_far = hours.cum_sum().over(person)
        beyond = (so_far - line.free_hours).clip(lower_bound=0)
        hours = beyond - beyond.shift(fill_value=0).over(person)
    records = records.with_columns(hours=hours)
    # A leave that ends on the month's first days off has none of its hours there: it uses nothing up.
    return records.filter(pl.col("hours") > 0)


def _with_quota(used: pl.DataFrame, quotas: Quotas) -> pl.DataFrame:
    """`quota_days`: the quota on the day that the record starts; that for the kind of staff goes before the general."""
    periods = quotas.periods.select(
        quota_type="leave_type", kind="employment_type", quota_days="days", first="valid_from", last="valid_to"
    )
    day = pl.col("start_at").dt.date()
    in_force = (pl.col("first") <= day).fill_null(value=True) & (pl.col("last") >= day).fill_null(value=True)
    return (
        used.with_row_index("place")
        .join(periods, on="quota_type")
        .filter(in_force & (pl.col("kind").is_null() | (pl.col("kind") == pl.col("employment_type"))))
        .sort("place", pl.col("kind").is_null())
        .unique("place", keep="first", maintain_order=True)
        .drop("kind", "first", "last")
    )
