"""Tables of whom limits, quotas and work patterns are for: kinds of agency, overtime limits, leave quotas."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from checks.leave_types import packaged_leave_types
from checks.markdown import table
from checks.model.agency_kinds import Pattern, last_characters
from checks.overtime_limits import packaged_overtime_limits
from checks.published.language import Language
from checks.quotas import packaged_quotas

#: How the tables of limits name the pattern of who works by a roster, and how a document does.
_ROSTER = "roster"


def kinds_table(language: Language) -> str:
    """The kinds of agency, the last characters of codes that say it, and what their staff works by unless stated."""
    heading = {
        Language.ZH: ("代碼末碼", "機關類別", "未載明時之勤務型態"),
        Language.EN: ("last character", "kind of agency", "pattern where it is not stated"),
    }[language]
    rows = [
        (
            language.of("、", ", ").join(f"`{character}`" for character in last) or language.of("其餘", "any other"),
            language.of(kind.zh, kind.name.replace("_", " ")),
            f"`{kind.pattern}`" if kind.pattern is not Pattern.UNKNOWN else language.of("不明", "not known"),
        )
        for kind, last in last_characters().items()
    ]
    return table(heading, rows)


def limits_table(language: Language) -> str:
    """The limits of overtime in hours, by whom they are for."""
    heading = {
        Language.ZH: ("人員類別", "機關、勤務或加班類別", "每日", "每月", "三個月", "施行期間", "依據"),
        Language.EN: ("kind of employment", "only of", "a day", "a month", "three months", "in force", "source"),
    }[language]
    rows = packaged_overtime_limits().rows.iter_rows(named=True)
    return table(heading, [_limit(row, language) for row in rows])


def _limit(row: dict[str, Any], language: Language) -> tuple[Any, ...]:
    pattern = "shift" if row["pattern"] == _ROSTER else row["pattern"]
    named = [f"`{one}`" for one in (row["agency_kind"], pattern, row["category"]) if one]
    hours = [_number(row[name]) for name in ("hours_a_day", "hours_a_month", "hours_three_months")]
    source = row["source"] if row["switch"] == "on" else _off(language)
    return f"`{row['employment_type']}`", ", ".join(named), *hours, _in_force(row, language), source


def quotas_table(language: Language) -> str:
    """The quotas of leave in days of 8 hours, by whom they are for."""
    heading = {
        Language.ZH: ("假別", "人員類別", "上限（日）", "計算單位", "計日方式", "施行期間", "備註"),
        Language.EN: ("leave", "kind of employment", "days at most", "in", "days counted", "in force", "remark"),
    }[language]
    rows = packaged_quotas().periods.iter_rows(named=True)
    return table(heading, [_quota(row, language) for row in rows])


def _quota(row: dict[str, Any], language: Language) -> tuple[Any, ...]:
    names = packaged_leave_types().names()
    whom = f"`{row['employment_type']}`" if row["employment_type"] else _everybody(row["leave_type"], language)
    stated = language.of("依載明", "as stated") if row["own"] else language.of("無", "none")
    window = row["window_days"]
    per = {
        "year": language.of("年度", "a year"),
        "month": language.of("月", "a month"),
        "event": language.of(f"事件，或 {window} 日", f"an event, or {window} days"),
        "event_id": language.of("事件", "an event"),
    }[row["per"]]
    counted = language.of("日曆天", "calendar") if row["counts"] == "calendar" else language.of("上班日", "working")
    leave = f"`{row['leave_type']}` {language.of(names[row['leave_type']], '')}".strip()
    return (
        leave,
        whom,
        _number(row["days"]) or stated,
        per,
        counted,
        _in_force(row, language),
        "".join(_remarks(row, language)),
    )


def _everybody(leave_type: str, language: Language) -> str:
    """Whom a row without a kind of employment is for: all, or all but those who have rows of their own."""
    own = packaged_quotas().periods.filter(pl.col("leave_type") == leave_type)["employment_type"].drop_nulls()
    return language.of("所有人員", "everybody") if own.is_empty() else language.of("其餘人員", "everybody else")


def _remarks(row: dict[str, Any], language: Language) -> Iterator[str]:
    if row["switch"] == "off":
        yield _off(language)
    if row["own"]:
        yield language.of(f"該員之 `{row['own']}`", f"`{row['own']}` of the person")
    if row["counted_within"]:
        outer = row["counted_within"]
        yield language.of(f"併入 `{outer}` 計算", f"counts within `{outer}` too")
    if row["free_days"]:
        free = _number(row["free_days"])
        yield language.of(f"，每年前 {free} 日除外", f", but for the first {free} days of a year")


def _off(language: Language) -> str:
    return language.of("尚未啟用，不評估", "not switched on: not evaluated")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _in_force(row: dict[str, Any], language: Language) -> str:
    return language.period(row["valid_from"], row["valid_to"]) or language.of("始終", "always")
