"""Explanations (說明): an agency's answers to warnings, kept by what was found and not by the file it was found in.

An answer stands for every submission in which the same finding (`finding_key`: agency, rule, record, value) comes up
again, and for no other: a changed value is a new question.  Append-only; the newest answer to a finding holds.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from warehouse.ledger.audit import Deed, note
from warehouse.ledger.models import Explanation

#: Values bound in one statement; SQLite takes 32,766.
_BOUND = 10_000


class ExplanationRefused(ValueError):  # noqa: N818 — reads as what it is
    """The answer cannot be taken; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A kind of answer; with `text_required` it is nothing without words."""

    code: str
    title: str
    title_en: str
    text_required: bool


@cache
def reason_codes() -> dict[str, ReasonCode]:
    """The table of reason codes, in its order."""
    text = files("warehouse").joinpath("data/explanation_codes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["code"]: ReasonCode(row["code"], row["title"], row["title_en"], row["text_required"] == "yes")
        for row in rows
    }


def explain(
    session: Session,
    findings: Sequence[Mapping[str, Any]],
    *,
    code: str,
    text: str | None,
    by: str,
    at: datetime,
    actor: str | None = None,
) -> int:
    """Answer findings (rows of the stored model); how many answers were written.

    `by` is who answers, `actor` who wrote it down for the audit (None: the same).
    `text` must hold no personal data; whoever calls masks what looks like a national ID.  The same answer again by the
    same person is not written twice.  Raises `ExplanationRefused`; nothing is written then.
    """
    known = reason_codes().get(code)
    if known is None:
        raise ExplanationRefused(
            f"沒有原因代碼 no such reason code: {code}; 可用者 there are: {', '.join(reason_codes())}"
        )
    if known.text_required and not (text or "").strip():
        raise ExplanationRefused(f"原因代碼 {code} 須附說明文字 the reason code {code} needs words: --text")
    if not by.strip():
        raise ExplanationRefused("請註明說明人 say by whom: --by")
    errors = sorted({str(row["rule"]) for row in findings if row["severity"] != "warning"})
    if errors:
        raise ExplanationRefused(f"錯誤須更正，不能說明 errors must be mended, not explained: {', '.join(errors)}")
    standing = explanations_of(session, {str(row["finding_key"]) for row in findings})
    answered = {key for key, one in standing.items() if (one.reason_code, one.text, one.by) == (code, text, by)}
    rows = {
        row["finding_key"]: {
            "agency_code": row["agency_code"],
            "finding_key": row["finding_key"],
            "rule": row["rule"],
            "record_id": row["record_id"],
            "reason_code": code,
            "text": text,
            "by": by,
            "at": at,
        }
        for row in findings
        if row["finding_key"] not in answered
    }
    if rows:
        session.execute(insert(Explanation), list(rows.values()))
        _note(session, "explained", findings, rows, f"{code} by {by}", actor or by, at)
    return len(rows)


def revoke(
    session: Session, findings: Sequence[Mapping[str, Any]], *, by: str, at: datetime, actor: str | None = None
) -> int:
    """Take answers back; how many there were.  `by` and `actor` as in `explain`."""
    standing = explanations_of(session, {str(row["finding_key"]) for row in findings})
    rows = [
        {
            "agency_code": one.agency_code,
            "finding_key": key,
            "rule": one.rule,
            "record_id": one.record_id,
            "reason_code": None,
            "text": None,
            "by": by,
            "at": at,
        }
        for key, one in standing.items()
    ]
    if rows:
        session.execute(insert(Explanation), rows)
        _note(session, "explanation_revoked", findings, standing, f"by {by}", actor or by, at)
    return len(rows)


def explanations_of(session: Session, keys: Collection[str]) -> dict[str, Explanation]:
    """The standing answer to each of these findings that has one."""
    wanted = sorted(keys)
    found: dict[str, Explanation] = {}
    for start in range(0, len(wanted), _BOUND):
        last = (
            select(func.max(Explanation.id))
            .where(Explanation.finding_key.in_(wanted[start : start + _BOUND]))
            .group_by(Explanation.finding_key)
        )
        for one in session.scalars(select(Explanation).where(Explanation.id.in_(last))):
            if one.reason_code is not None:
                found[one.finding_key] = one
    return found


def _note(
    session: Session,
    action: str,
    findings: Sequence[Mapping[str, Any]],
    keys: Collection[str],
    reason: str,
    actor: str,
    at: datetime,
) -> None:
    """Have it in the audit, of those findings that have one of the keys."""
    months = {row["finding_key"]: row["month"] for row in findings if row["finding_key"] in keys}
    agencies = {row["finding_key"]: row["agency_code"] for row in findings}
    note(session, (Deed(action, actor, agencies[key], month, key, reason, at) for key, month in months.items()))
