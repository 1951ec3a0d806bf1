"""Words and figures as the pages have them: what templates may call, and how moments, months and numbers are shown."""

import unicodedata
from datetime import date, datetime
from typing import Any

from assets.error_report import DATASETS, SEVERITIES
from assets.platform import Platform
from assets.report_words import roc_deadline
from assets.words import STATES, SUBMISSION_STATES
from checks.model.roc import ROC_YEAR_OFFSET, roc_month_text
from warehouse.access.authorisations import ROLES
from warehouse.deadlines import TAIPEI

VERDICTS = {
    "ok": "合格：沒有退件的理由 ok: nothing keeps it or any of its records out",
    "entered_in_part": "部分退件：下列紀錄不會入檔 some records would not be entered",
    "refused": "整份退件：這個檔案不會入檔 the whole document would be refused",
}


#: Characters of a file's name that a page shows.
_NAME = 120


def in_templates(platform: Platform) -> dict[str, Any]:
    """What every template may use."""
    return {
        "severities": SEVERITIES,
        "verdicts": VERDICTS,
        "datasets": DATASETS,
        "roles": ROLES,
        "states": STATES,
        "submission_states": SUBMISSION_STATES,
        "max_bytes": platform.limits.max_bytes,
        "roc_month": roc_month,
        "roc_day": roc_day,
        "moment": moment,
        "until": until,
        "number": number,
        "file_name": file_name,
    }


def roc_month(month: str | None) -> str:
    """`110年6月`; what is no month as it stands."""
    try:
        return roc_month_text(month) if month else ""
    except ValueError:
        return month or ""


def roc_day(day: date | None) -> str:
    """`110-07-05`; nothing of no day."""
    return "" if day is None else f"{day.year - ROC_YEAR_OFFSET}-{day:%m-%d}"


def moment(at: datetime | None) -> str:
    """`110-07-05 09:12` in Taipei, as a moment without a zone is already; nothing of no moment."""
    if at is None:
        return ""
    local = at if at.tzinfo is None else at.astimezone(TAIPEI)
    return f"{local.year - ROC_YEAR_OFFSET}-{local:%m-%d %H:%M}"


def until(at: datetime | None) -> str:
    """A deadline as people say it, `110-07-20 24:00`; nothing of no moment."""
    return "" if at is None else roc_deadline(at.astimezone(TAIPEI).replace(tzinfo=None))


def number(value: float | None) -> str:
    """With commas at the thousands; nothing of none."""
    return "" if value is None else f"{value:,}"


def file_name(said: str) -> str:
    """A file's name as somebody's browser gave it, without characters that show it as another (U+202E and the like)."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in hidden else one for one in said)
    return shown if len(shown) <= _NAME else f"{shown[:_NAME]}…"
