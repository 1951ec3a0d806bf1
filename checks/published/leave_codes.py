"""The leave codes as vendors get them: a table of the page, and a CSV file."""

import polars as pl

from checks.closures import WHOLE_DAY
from checks.leave_types import packaged_leave_types
from checks.markdown import table
from checks.published.language import Language

_COLUMNS = ("code", "name", "name_en", "valid_from", "valid_to", "certificate_from_days")


def leave_codes_csv() -> str:
    """One row a code and period in force, the columns of the page's table under their own names.

    `valid_from` and `valid_to` are the first and the last day on which such a leave can start, empty: always.
    `certificate_from_days`: of how many days of 8 hours a leave needs a certificate; 0: of any length, empty: never.
    `official` (business, no absence) and `days_off_count` are `yes`, `may` or empty.
    """
    periods = packaged_leave_types().periods.select(
        *_COLUMNS, official=pl.when("official").then(pl.lit("yes")), days_off_count=_days_off()
    )
    return periods.write_csv(float_precision=0)


def leave_codes_table(language: Language) -> str:
    """The codes with their dates in force, who asks for a certificate, and what days off count."""
    heading = {
        Language.ZH: ("代碼", "假別", "施行期間", "應附證明", "因公", "例假日計入"),
        Language.EN: ("code", "leave", "in force", "certificate", "official business", "days off count"),
    }[language]
    periods = packaged_leave_types().periods.with_columns(days_off=_days_off())
    return table(heading, [_row(row, language) for row in periods.iter_rows(named=True)])


def _days_off() -> pl.Expr:
    """Whether days off are among the hours: `yes`, `may` (official business on a day off), null for never."""
    return pl.when("every_day").then(pl.lit("yes")).when("official").then(pl.lit("may"))


def _row(row: dict[str, object], language: Language) -> tuple[str, ...]:
    counted = {"yes": language.of("計入", "yes"), "may": language.of("得計入", "may"), None: ""}
    days_off = row["days_off"]
    return (
        f"`{row['code']}`",
        language.of(str(row["name"]), f"{row['name_en']} ({row['name']})"),
        language.period(row["valid_from"], row["valid_to"]) or language.of("始終", "always"),
        _certificate(row["certificate_from_days"], language),
        language.of("是", "yes") if row["official"] else "",
        counted[str(days_off) if days_off else None],
    )


def _certificate(days: object, language: Language) -> str:
    if not isinstance(days, float):
        return ""
    hours = days * WHOLE_DAY
    return language.of(f"{hours:g} 小時以上", f"of {hours:g} hours or more") if days else language.of("一律", "always")
