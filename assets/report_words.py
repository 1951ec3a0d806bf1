"""Codes of the reports as people read them: on the terminal, on the portal's pages, in its files."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from checks.leave_types import packaged_leave_types
from checks.model.roc import ROC_YEAR_OFFSET, roc_month_text

_SCOPES = {"agency": "機關", "authority": "主管機關", "country": "全國"}
#: Datasets of records, as a column says them.
DATASETS = {"employees": "員工", "shifts": "輪班", "leaves": "請假", "overtime": "加班", "clockings": "刷卡"}
#: What became of an agency-month.
OUTCOMES = {
    "on_time": "準時",
    "late": "逾期",
    "missing": "未報送",
    "not_due_yet": "期限未到",
    "not_due": "免報送",
}
#: Column → its codes, where it has any.
_CODES = {"scope": _SCOPES, "dataset": DATASETS, "outcome": OUTCOMES}
_OVERTIME = "overtime"


def in_words(column: str, value: Any) -> Any:
    """A value with its code replaced by words; whatever is no code stays what it is, numbers above all."""
    if not isinstance(value, str):
        return value
    return leave_type(value) if column == "leave_type" else _CODES.get(column, {}).get(value, value)


def shown(column: str, value: Any) -> str | None:
    """A value as text: in words, with commas, months and days of the ROC calendar; None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float | Decimal):
        return f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"
    if isinstance(value, date):
        return roc_deadline(value) if column == "deadline" and isinstance(value, datetime) else roc_moment(value)
    return roc(value) if column == "month" else str(in_words(column, value))


def leave_type(code: str) -> str:
    """`03 病假`; overtime is one of them."""
    name = packaged_leave_types().names().get(code)
    if name:
        return f"{code} {name}"
    return DATASETS[_OVERTIME] if code == _OVERTIME else code


def roc(month: str) -> str:
    """`110年6月`; what is no month of the ROC calendar as it stands."""
    try:
        return roc_month_text(month)
    except ValueError:
        return month


def roc_moment(at: date) -> str:
    """`110-07-05`, and `110-07-05 09:12` of a moment, which is in Taipei."""
    day = f"{at.year - ROC_YEAR_OFFSET}-{at:%m-%d}"
    return f"{day} {at:%H:%M}" if isinstance(at, datetime) else day


def roc_deadline(at: datetime) -> str:
    """A deadline, in Taipei, as people say it: `110-07-20 24:00`, not the midnight of the 21st."""
    return f"{roc_moment((at - timedelta(days=1)).date())} 24:00" if at.time() == time() else roc_moment(at)
