"""How a notice is said: templates (Jinja2) in Chinese with English beside, as plain text and as HTML.

A kind's template has the blocks `subject`, `zh` and `en`; `layout.txt.j2` and `layout.html.j2` put them together.  An
installation's own templates of the same names (`notice_templates/` in the home folder) go before the shipped ones.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import jinja2

from assets.notices.config import NoticeConfig
from assets.notices.facts import Facts, Line
from assets.notices.occasions import KINDS
from checks.model.roc import ROC_YEAR_OFFSET, roc_month_text
from warehouse.export import guarded_text

STATES = {
    "missing": ("未報送", "missing"),
    "refused": ("退件", "refused"),
    "entered_with_errors": ("入檔有誤", "entered with errors"),
    "entered": ("入檔", "entered"),
}
#: Agencies that a digest's text names; the attached file has them all.
_LISTED = 40
_WEEKDAYS = "一二三四五六日"
_CODE_SHOWN = 12


@dataclass(frozen=True)
class Message:
    """A notice ready to go: `attachment` is a file's name and its bytes (CSV), None for none."""

    subject: str
    text: str
    html: str
    attachment: tuple[str, bytes] | None = None


class TemplateBroken(ValueError):  # noqa: N818 — says what happened
    """A template cannot be used; the message names it, the line and what is wrong."""


class Words:
    """The templates of an installation."""

    def __init__(self, config: NoticeConfig) -> None:
        shipped = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
        self._config = config
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(config.templates), shipped]),
            autoescape=jinja2.select_autoescape(["html.j2"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters = {"roc": roc_month_text, "roc_day": roc_day, "roc_until": roc_until, "roc_moment": roc_moment}
        self._environment.filters |= {**filters, "until_en": until_en, "short": lambda id_: id_[:_CODE_SHOWN]}

    def message(self, facts: Facts) -> Message:
        """Say it.  Raises `TemplateBroken`."""
        try:
            return self._message(facts)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateBroken(
                f"{error.filename or error.name}: 第 {error.lineno} 行 line {error.lineno}: {error}"
            ) from None
        except jinja2.TemplateError as error:
            raise TemplateBroken(f"{facts.kind}.j2: {type(error).__name__}: {error}") from None

    def _message(self, facts: Facts) -> Message:
        given = {
            "facts": facts,
            "helpline": self._config.helpline,
            "states": STATES,
            "listed": facts.lines[:_LISTED],
            "to_ask": [line for line in facts.lines if line.state != "entered"][:_LISTED],
            "title": KINDS[facts.kind],
        }
        template = self._environment.get_template(f"{facts.kind}.j2")
        said = {
            name: "".join(template.blocks[name](template.new_context(given))).strip()
            for name in ("subject", "zh", "en")
        }
        parts = {name: [_joined(part) for part in re.split(r"\n\s*\n", said[name])] for name in ("zh", "en")}
        subject = " ".join(said["subject"].split())
        text, html = (
            self._environment.get_template(name).render(given, subject=subject, **parts)
            for name in ("layout.txt.j2", "layout.html.j2")
        )
        return Message(subject, text, html, _sheet(facts) if facts.lines else None)


def roc_day(day: date) -> str:
    """`110年7月20日（星期二）`."""
    year = day.year - ROC_YEAR_OFFSET
    return f"{year}年{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"


def roc_until(moment: datetime) -> str:
    """A deadline as offices write it: midnight is the day's 24:00 (`110年7月20日（星期二）24時`)."""
    if (moment.hour, moment.minute) == (0, 0):
        return f"{roc_day(moment.date() - timedelta(days=1))}24時"
    return f"{roc_day(moment.date())}{moment.hour}時" + (f"{moment.minute}分" if moment.minute else "")


def until_en(moment: datetime) -> str:
    """The same in English: `24:00 on 20 July 2021`."""
    midnight = (moment.hour, moment.minute) == (0, 0)
    day = moment.date() - timedelta(days=1) if midnight else moment.date()
    return f"{'24:00' if midnight else f'{moment:%H:%M}'} on {day.day} {day:%B %Y}"


def roc_moment(moment: datetime) -> str:
    """`110年7月5日 09:12`."""
    return f"{moment.year - ROC_YEAR_OFFSET}年{moment.month}月{moment.day}日 {moment:%H:%M}"


def _joined(paragraph: str) -> str:
    """A paragraph's lines as one; Chinese ones without a blank between them."""
    lines = [line.strip() for line in paragraph.strip().splitlines()]
    joined = lines[0]
    for line in lines[1:]:
        joined += line if ord(joined[-1]) > 0x2E80 or ord(line[0]) > 0x2E80 else f" {line}"  # noqa: PLR2004
    return joined


def _sheet(facts: Facts) -> tuple[str, bytes]:
    """Every agency of a digest, as CSV that Excel reads."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["機關代碼", "機關名稱", "資料年月", "入檔情形", "送達時間", "錯誤數", "警告數", "逾期"])
    writer.writerows([guarded_text(cell) for cell in _row(facts.month, line)] for line in facts.lines)
    return f"{facts.agency_code}-{facts.month}.csv", out.getvalue().encode("utf-8-sig")


def _row(month: str, line: Line) -> Sequence[object]:
    received = roc_moment(line.received_at) if line.received_at else ""
    state, late = STATES[line.state][0], "是" if line.late else ""
    return (
        line.agency_code,
        line.agency_name,
        roc_month_text(month),
        state,
        received,
        line.errors,
        line.warnings,
        late,
    )
