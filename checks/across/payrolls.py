"""Rules on people on two payrolls: W209."""

import polars as pl

from checks.across.findings import findings_of
from checks.catalogue import Rule, always
from checks.findings import Severity

W209 = Rule(
    id="W209",
    life=always(Severity.WARNING),
    title="同一人同期間列於兩機關員工名冊",
    title_en="a person on the payroll of two agencies in overlapping days of the month",
    message="該員同期間亦列於他機關員工名冊（{value}），請與該機關確認到離職日（from、to）；兼任者請說明。",
    message_en="The person is on another agency's payroll on the same days ({value}); settle the dates (from, to) "
    "with that agency, or explain.",
    why="多半是調任時漏填離職或到職日。Mostly a transfer whose dates were not entered.",
    note=(
        "以當月在職日（from～to，空者為全月）比對各機關採計的報送；只重疊一日者、留職停薪者不計；兩機關都會收到，每一他機關一項。"
        "The days on the payroll within the month are compared over what the agencies' months count; both agencies are "
        "told, once for each other agency. One shared day is none, nor is unpaid leave."
    ),
)


def on_two_payrolls(employees: pl.DataFrame, month: str, rule: Rule = W209) -> pl.DataFrame:
    """Findings of all agencies among the month's counted employees.

    `employees`: `agency_code`, `submission_id`, `record_index`, `person_key`, `payroll_from`, `payroll_to`, `status`;
    it is enough to give those persons who are listed by two agencies.
    """
    employees = employees.filter(pl.col("status").cast(pl.String).fill_null("active") != "unpaid_leave")
    first = pl.lit(f"{month}-01").str.to_date()
    days = employees.with_columns(
        begins=pl.max_horizontal(pl.col("payroll_from").fill_null(first), first),
        ends=pl.min_horizontal(pl.col("payroll_to").fill_null(first.dt.month_end()), first.dt.month_end()),
    )
    other = days.select("person_key", "begins", "ends", other="agency_code")
    pairs = (
        days.join(other, on="person_key", suffix="_other")
        .filter(pl.col("other") != pl.col("agency_code"))
        .with_columns(begins=pl.max_horizontal("begins", "begins_other"), ends=pl.min_horizontal("ends", "ends_other"))
        # The last day here may be the first one there: installations differ in what the last day says.
        .filter(pl.col("begins") < pl.col("ends"))
        .sort("agency_code", "record_index", "other", "begins")
        .unique(["agency_code", "record_index", "other"], keep="first", maintain_order=True)
    )
    found = pairs.select(
        "agency_code",
        "submission_id",
        dataset=pl.lit("employees"),
        index=pl.col("record_index").cast(pl.UInt32),
        record_id=pl.lit(None, dtype=pl.String),
        field=pl.lit("person_id"),
        value=pl.format("{} {}～{}", "other", "begins", "ends"),
        expected=pl.lit("同日僅在一機關支薪 one payroll a day"),
        person_key="person_key",
        dates=pl.format("{}–{}", "begins", "ends"),
    )
    return findings_of(rule, month, found)
