"""The leave codes as vendors get them: a table of the page, and a CSV file."""

from datetime import date

from checks.leave_types import packaged_leave_types
from checks.published.language import Language
from checks.published.properties import markdown_table

_COLUMNS = ("code", "name", "name_en", "valid_from", "valid_to", "certificate_from_days")


def leave_codes_csv() -> str:
    """One row a code and period in force: `code,name,name_en,valid_from,valid_to,certificate_from_days`.

    Dates are the first and the last day on which such a leave can start, empty: always. `certificate_from_days`: of how
    many days a leave needs a certificate, empty: of none.
    """
    return packaged_leave_types().periods.select(_COLUMNS).write_csv(float_precision=0)


def leave_codes_table(language: Language) -> str:
    """The codes with their dates in force, who asks for a certificate, and what days off count."""
    heading = {
        Language.ZH: ("代碼", "假別", "施行期間", "應附證明", "備註"),
        Language.EN: ("code", "leave", "in force", "certificate", "remark"),
    }[language]
    periods = packaged_leave_types().periods
    return markdown_table(heading, [_row(row, language) for row in periods.iter_rows(named=True)])


def _row(row: dict[str, object], language: Language) -> tuple[str, ...]:
    remarks = []
    if row["official"]:
        remarks.append(language.of("因公，不視為缺勤", "official business, no absence"))
    if row["official"] or row["every_day"]:
        remarks.append(language.of("例假日得計入", "days off may count"))
    return (
        f"`{row['code']}`",
        language.of(str(row["name"]), f"{row['name_en']} ({row['name']})"),
        _period(row["valid_from"], row["valid_to"], language),
        _certificate(row["certificate_from_days"], language),
        language.of("，", ", ").join(remarks),
    )


def _period(first: object, last: object, language: Language) -> str:
    if isinstance(first, date):
        return language.of(f"自 {first} 起", f"from {first}")
    if isinstance(last, date):
        return language.of(f"至 {last} 止", f"until {last}")
    return language.of("始終", "always")


def _certificate(days: object, language: Language) -> str:
    if not isinstance(days, float):
        return ""
    return language.of(f"{days:g} 日以上", f"of {days:g} days or more") if days else language.of("一律", "always")
