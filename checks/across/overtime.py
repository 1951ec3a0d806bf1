"""Rules on overtime of several months: W213 time off that was not earned, and W212's three months."""

import polars as pl

from checks.across.findings import findings_of, of_record
from checks.catalogue import Rule, always
from checks.findings import Severity, in_digits
from checks.limit_rows import holding
from checks.overtime_limits import SPECIAL, WHOM, OvertimeLimits
from checks.rules.long_hours import W212

#: Source: rule W213 (加班補休 within two years of the overtime, 公務員服務法 §12 and 公務人員加班補償辦法).
MONTHS_EARNING = 24
TIME_OFF = "04"
#: Source: 公務員服務法 §12, 勞動基準法 §32: three months that follow one another.
MONTHS_TOGETHER = 3
#: Shares of a leave within a month are thirds and sevenths.
_ROUNDING = 1e-6

W213 = Rule(
    id="W213",
    life=always(Severity.WARNING),
    title="加班補休超過前二年可補休之加班時數",
    title_en="compensatory leave beyond the overtime of the two years before",
    message="該員加班補休 {value} 小時，超過當月及前二年可補休之加班 {expected} 小時，請確認假別或加班資料；"
    "屬實者請說明。",
    message_en="{value} hours of compensatory leave, beyond the {expected} hours of overtime to be taken as time off "
    "in this month and the two years before; check type and overtime, or explain.",
    why="補休以加班時數為限，超過者多半是假別有誤或加班漏報。Time off is earned by overtime; beyond it the type is "
    "wrong or overtime is missing.",
    note=(
        "累計該員當月在各機關加班補休（04）的時數，與當月及前 24 個月各機關申報選擇補休的加班時數比較；"
        "該員這 25 個月未逐月列於某機關入檔之員工名冊者，其加班未必齊全，不評估。列於超過時的那一筆。"
        "The month's hours of 04 in all agencies are compared with the overtime to be taken as time off in the month "
        "and the 24 before it, in all agencies. Whoever is not on an entered list of employees in each of these 25 "
        "months is not evaluated, as overtime of his may not have been entered. The record by which it is exceeded is "
        "named."
    ),
)


def time_off_not_earned(
    leaves: pl.DataFrame, earned: pl.DataFrame, month: str, rule: Rule = W213
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Findings of W213, and agency → number of people of whom it could not be evaluated.

    `leaves`: the month's leaves of `TIME_OFF` in all agencies of those concerned: `agency_code`, `submission_id`,
    `record_index`, `record_id`, `person_key`, `start_at`, `end_at`, `hours_in_month`.  `earned`: of each of these
    persons the `minutes` to be taken as time off in the month and the `MONTHS_EARNING` before it, and in how many of
    these `months` an agency lists the person.
    """
    sums = leaves.sort("person_key", "start_at", "agency_code", "record_index").join(earned, on="person_key")
    sums = sums.with_columns(
        so_far=pl.col("hours_in_month").cum_sum().over("person_key"),
        taken=pl.col("hours_in_month").sum().over("person_key"),
        most=pl.col("minutes") / 60,
    )
    beyond = sums.filter((pl.col("so_far") > pl.col("most") + _ROUNDING) & (pl.col("hours_in_month") > 0))
    first = beyond.unique(["agency_code", "person_key"], keep="first", maintain_order=True)
    whole = pl.col("months") > MONTHS_EARNING
    unknown = first.filter(~whole).group_by("agency_code").len()
    value, expected = in_digits(pl.col("taken")), in_digits(pl.col("most"))
    found = first.filter(whole).sort("agency_code", "record_index")
    found = found.select(of_record("leaves", "hours", value, expected))
    return findings_of(rule, month, found), dict(unknown.iter_rows())


def least_of_three_months(limits: OvertimeLimits) -> float:
    """Minutes of overtime in three months up to which nobody is above a limit; infinite where there is none."""
    least = limits.rows.filter(switch="on")["hours_three_months"].min()
    return float(least) * 60 if isinstance(least, float) else float("inf")


def beyond_three_months(
    overtime: pl.DataFrame, staff: pl.DataFrame, month: str, limits: OvertimeLimits, rule: Rule = W212
) -> pl.DataFrame:
    """Findings of W212 on three months that follow one another, the last of them `month`.

    `overtime`: that of the three months in all agencies of those concerned: `agency_code`, `month`, `submission_id`,
    `record_index`, `record_id`, `person_key`, `start_at`, `end_at`, `minutes_in_month`.  `staff`: the employees of the
    agency-months reviewed, `agency_code`, `person_key`, `employment_type`, `agency_kind`.
    """
    said = staff.select(
        "person_key",
        "agency_kind",
        "agency_code",
        pl.col("employment_type").cast(pl.String),
        category=pl.lit(SPECIAL),
        pattern=pl.lit(None, dtype=pl.String),
    ).unique(["agency_code", "person_key"], keep="first", maintain_order=True)
    first_day = pl.lit(f"{month}-01").str.to_date()
    limit = said.select(
        "agency_code", "person_key", most=holding(limits.rows, "hours_three_months", WHOM, first_day) * 60
    )
    sums = overtime.sort("person_key", "month", "start_at", "agency_code", "record_index").with_columns(
        so_far=pl.col("minutes_in_month").cum_sum().over("person_key"),
        total=pl.col("minutes_in_month").sum().over("person_key"),
    )
    here = sums.filter((pl.col("month") == month) & (pl.col("minutes_in_month") > 0))
    beyond = here.join(limit, on=["agency_code", "person_key"]).filter(pl.col("so_far") > pl.col("most"))
    first = beyond.sort("person_key", "start_at", "record_index").unique(
        ["agency_code", "person_key"], keep="first", maintain_order=True
    )
    value = pl.format(f"連續 {MONTHS_TOGETHER} 個月 {{}}", in_digits(pl.col("total") / 60))
    expected = in_digits(pl.col("most") / 60)
    found = first.sort("agency_code", "record_index").select(of_record("overtime", "minutes", value, expected))
    return findings_of(rule, month, found)
