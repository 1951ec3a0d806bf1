"""Rules on quotas of leave over all months entered: W202."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from checks.across.findings import findings_of, of_record
from checks.catalogue import Rule, Text, always
from checks.closures import WHOLE_DAY
from checks.findings import Severity, in_digits
from checks.limit_rows import holding
from checks.quotas import WHOM, Quotas

#: Months before the one reviewed that can matter: a school year reaches back eleven, an event of a year twelve.
MONTHS_BEFORE = 12
#: Sums of halves are exact; shares of a leave within a month are thirds and sevenths.
_ROUNDING = 1e-6

W202 = Rule(
    id="W202",
    life=always(Severity.WARNING),
    whom=Text(
        "有該假別上限者；休假以檔案載明之當年可休假時數為準，未載明者不評估；約聘僱人員病假之上限，啟用後始評估",
        "whoever has a quota for the type; annual leave by the hours that the document states, not evaluated where it "
        "states none; contract staff's sick leave only where its row was switched on",
    ),
    title="假別日數超過上限",
    title_en="a person's quota for a leave type exceeded",
    message="該員假別 {value} 小時，超過上限 {expected}，請確認假別與時數；屬實者請說明。",
    message_en="Leave {value} hours for this person, above the quota of {expected}; check type and hours, or explain.",
    why="各假別有日數上限，須累計各月才看得出。Quotas run over the months; no single month shows it.",
    note=(
        "累計同一人在各機關各月採計的報送中落在各該月及在職期間的時數，至本月底止；"
        "兩機關於調任時同報之一筆只計一次。年度為曆年，教師為學年（8 月至次年 7 月），"
        "依本機關本月員工名冊的人員類別。事件依 event_id，無者以期間計。併計者（25、28 併入 01；24 每年前 3 "
        "日以外併入 02）計入該上限。上限依該筆起日。依月份、起時、機關累計；每人每上限每月一項，"
        "列於超過上限（或已超過後）、且時數落在本月的第一筆。The hours of what the months count, within each month "
        "and the person's days at the agency, are added up over all agencies to the end of this month; a leave that "
        "two agencies report across a transfer counts once. The year is the calendar year, for teachers the school "
        "year, by this agency's list of the month. An event is the records of one `event_id`, or without it those "
        "within the window. Types counted within another use up its quota too. The quota is that of the day on "
        "which the record starts. One finding a person, quota and month, on the first record with hours in the "
        "month by which it is exceeded, or the first after it was."
    ),
)


@dataclass(frozen=True)
class _Line:
    """Records of `leave_type` use up the quota of `quota_type`, all but the first `free_hours` of a year."""

    quota_type: str
    leave_type: str
    per: str
    window_days: int | None
    free_hours: float


def _lines(quotas: Quotas) -> list[_Line]:
    rows = quotas.periods.unique(["leave_type", "per"], keep="first", maintain_order=True).to_dicts()
    own = [_Line(row["leave_type"], row["leave_type"], row["per"], row["window_days"], 0) for row in rows]
    of = {line.quota_type: line for line in own}
    within = [
        _Line(of[outer].quota_type, row["leave_type"], of[outer].per, None, (row["free_days"] or 0) * WHOLE_DAY)
        for row in rows
        if (outer := row["counted_within"])
    ]
    return own + within


def users_of_quotas(quotas: Quotas) -> pl.DataFrame:
    """Which leaves use up which quota: `quota_type`, `leave_type`, `per`, `least_hours` (the smallest quota ever).

    Whoever has no more than `least_hours` of it in the window can have no finding, so his records need not be read.
    Where a person's own hours are the quota, or every day counts, nobody can be left out so.
    """
    exact = (pl.col("counts") == "working") & pl.col("own").is_null()
    least = quotas.periods.group_by("leave_type").agg(
        least=pl.when(exact.all()).then(pl.col("days").min() * WHOLE_DAY).otherwise(0.0).first()
    )
    hours = dict(least.iter_rows())
    rows = [(one.quota_type, one.leave_type, one.per, hours[one.quota_type]) for one in _lines(quotas)]
    return pl.DataFrame(rows, schema=["quota_type", "leave_type", "per", "least_hours"], orient="row")


def quotas_exceeded(
    leaves: pl.DataFrame,
    employment: pl.DataFrame,
    month: str,
    quotas: Quotas,
    rule: Rule = W202,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Findings of `month` (`YYYY-MM`), right for the agencies of which `employment` is given.

    And agency → number of people with hours in the month of a type whose quota of theirs is not known, or off.

    `leaves`: the persons' counted leaves of the window, in all agencies: `agency_code`, `month`, `submission_id`,
    `record_index`, `record_id`, `person_key`, `leave_type`, `start_at`, `end_at`, `hours`, `hours_in_month`,
    `event_id`.  `employment`: `agency_code`, `person_key`, `employment_type`, `annual_leave_hours`, the employees of
    the agency-months reviewed; whoever has a leave and is not among them, his own row having been refused, is judged as
    staff of no special kind.
    """
    of_subjects = _of_subjects(leaves, employment, month)
    ordered = ["judged_for", "person_key", "month", "start_at", "agency_code", "record_index"]
    parts = [_used(of_subjects.sort(ordered), line, month) for line in _lines(quotas)]
    used = _with_quota(pl.concat(parts), quotas).sort("quota_type", *ordered)
    group = ["quota_type", "judged_for", "person_key", "event"]
    used = used.with_columns(so_far=pl.col("hours").cum_sum().over(group), total=pl.col("hours").sum().over(group))
    used = used.filter((pl.col("month") == month) & (pl.col("agency_code") == pl.col("judged_for")))
    unknown = used.filter(pl.col("quota_hours").is_null()).group_by("agency_code").agg(pl.col("person_key").n_unique())
    over = used.filter(pl.col("so_far") > pl.col("quota_hours") + _ROUNDING)
    first = over.unique(["quota_type", "judged_for", "person_key"], keep="first", maintain_order=True)
    days = in_digits(pl.col("quota_hours") / WHOLE_DAY)
    value = pl.format("{} {}", "quota_type", in_digits(pl.col("total")))
    expected = pl.format("{} 小時（{} 日）", in_digits(pl.col("quota_hours")), days)
    first = first.sort("agency_code", "record_index", "quota_type")
    found = first.select(of_record("leaves", "hours", value, expected))
    return findings_of(rule, month, found), dict(unknown.iter_rows())


def _of_subjects(leaves: pl.DataFrame, employment: pl.DataFrame, month: str) -> pl.DataFrame:
    """The leaves of everybody whom an agency has on leave this month, once for each such agency, with his kind.

    `hours_in_month` of one leave in several agencies' months are at most the leave's: it counts once.
    """
    kinds = employment.select(
        "person_key",
        "annual_leave_hours",
        judged_for="agency_code",
        employment_type=pl.col("employment_type").cast(pl.String),
    ).unique(["person_key", "judged_for"], keep="first", maintain_order=True)
    with_leaves = leaves.filter(month=month).select("person_key", judged_for="agency_code").unique()
    subjects = with_leaves.join(kinds, on=["person_key", "judged_for"], how="left")
    same = ["person_key", "month", "leave_type", "start_at", "end_at"]
    total = pl.col("hours_in_month").sum().over(same)
    once = pl.when(total > pl.col("hours")).then(pl.col("hours") / total).otherwise(1.0)
    leaves = leaves.with_columns(pl.col("hours_in_month") * once)
    return leaves.join(subjects, on="person_key").with_columns(first_month=_first_month(month))


def _first_month(month: str) -> pl.Expr:
    """The first month of the person's year: January, or August for teachers."""
    year, number = int(month[:4]), int(month[5:])
    school_year = f"{year if number >= 8 else year - 1:04}-08"  # noqa: PLR2004  (August; the school year's first month)
    return pl.when(pl.col("employment_type") == "teacher").then(pl.lit(school_year)).otherwise(pl.lit(f"{year:04}-01"))


def _used(leaves: pl.DataFrame, line: _Line, month: str) -> pl.DataFrame:
    """The records that use up a quota, with the `hours` of it and the `event` (empty for a year or a month)."""
    records = leaves.filter(pl.col("leave_type") == line.leave_type).with_columns(quota_type=pl.lit(line.quota_type))
    person = ["judged_for", "person_key"]
    if line.per in {"event", "event_id"}:
        records = records.sort(*person, "start_at", "month", "agency_code", "record_index")
        records = records.with_columns(event=pl.Series(list(_events(records, line)), dtype=pl.String))
        records = records.filter(pl.col("event").is_not_null())
    else:
        since = pl.col("month") == month if line.per == "month" else pl.col("month") >= pl.col("first_month")
        records = records.filter(since).with_columns(event=pl.lit(""))
    hours = pl.col("hours_in_month")
    if line.free_hours:
        so_far = hours.cum_sum().over(person)
        beyond = (so_far - line.free_hours).clip(lower_bound=0)
        hours = beyond - beyond.shift(fill_value=0).over(person)
    records = records.with_columns(hours=hours, claimed="hours")
    # A leave that ends on the month's first days off has none of its hours there: it uses nothing up.
    return records.filter(pl.col("hours") > 0)


def _events(records: pl.DataFrame, line: _Line) -> Iterator[str | None]:
    """Which event each record is of: its `event_id`, or the first day of those within the window; None for neither."""
    columns = ("judged_for", "person_key", "event_id", "start_at")
    window = timedelta(days=line.window_days or 0)
    subject, begins = None, None
    for agency, person, event_id, start in records.select(columns).iter_rows():
        if event_id is not None:
            yield f"id {event_id}"
            continue
        if line.per == "event_id":
            yield None
            continue
        if (agency, person) != subject or begins is None or start > begins + window:
            subject, begins = (agency, person), start
        yield f"from {begins}"


#: Of a record's part: as many of the leave's days, eight hours each, as it has of its hours.
_LAST_DAY = (pl.col("end_at") - pl.duration(milliseconds=1)).dt.date()
_DAYS = (_LAST_DAY - pl.col("start_at").dt.date()).dt.total_days() + 1
_CALENDAR_HOURS = pl.col("hours_in_month") / pl.col("claimed") * _DAYS * float(WHOLE_DAY)


def _with_quota(used: pl.DataFrame, quotas: Quotas) -> pl.DataFrame:
    """Adds `quota_hours`, those of the day that the record starts; null where none is known, or its row is off.

    Where every day counts, `hours` become those of the calendar days, eight each, in the same share.
    """
    parts = []
    for (quota_type,), part in used.group_by("quota_type", maintain_order=True):
        own = quotas.periods.filter(pl.col("leave_type") == quota_type)
        day = pl.col("start_at").dt.date()
        said = {name: holding(own, name, WHOM, day) for name in ("days", "own", "counts")}
        stated = pl.when(said["own"] == "annual_leave_hours").then("annual_leave_hours")
        hours = pl.coalesce(said["days"] * WHOLE_DAY, stated)
        used_up = pl.when(said["counts"] == "calendar").then(_CALENDAR_HOURS).otherwise("hours")
        parts.append(part.with_columns(quota_hours=hours, hours=used_up))
    return pl.concat(parts) if parts else used.with_columns(quota_hours=pl.lit(None, dtype=pl.Float64))
