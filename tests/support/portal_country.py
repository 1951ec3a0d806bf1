"""Agencies with something to be seen: entered submissions, a warning, an authorisation and a token of each.

What an agency's data are known by, wherever they should not be, is `marks(code)`.
"""

from dataclasses import dataclass
from datetime import date

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.standing_findings import standing_findings
from tests.support.installations import AUTHORITY, FIRST, NOW, SECOND, document
from warehouse.access.authorisations import Wanted, authorise
from warehouse.access.tokens import SCOPES, issue_token
from warehouse.ledger.engine import writing

MONTH = "2021-06"
_PERSONS = {AUTHORITY: "A123456789", FIRST: "B223456782", SECOND: "A800000014"}


@dataclass(frozen=True)
class Holding:
    """What an agency has: the older and the newer submission, its warning's rule and key, a clerk, a token."""

    agency: str
    older: str
    submission: str
    rule: str
    finding: str
    authorisation: int
    token: int
    secret: str


def country(opened):
    """Agency code → what it holds, for the authority, the first and the second agency; entered and published."""
    handed = {code: [_document(code, f"2021-07-0{day}T09:00:00+08:00") for day in (4, 5)] for code in _PERSONS}
    ids = {}
    for place in (0, 1):
        for code, documents in handed.items():
            (one,) = hand_in(opened, [HandedIn(f"檔案-{code}.json", documents[place])])
            ids.setdefault(code, []).append(one.submission_id)
        enter(opened, MONTH)
    publish_now(opened, [MONTH])
    return {code: _holding(opened, code, *ids[code]) for code in _PERSONS}


def marks(code):
    """What only that agency's data hold."""
    return (f"RECORD-OF-{code}", f"承辦 {code}", f"clerk-{code}", f"系統 {code}", f"檔案-{code}")


def _document(code, produced_at):
    person = _PERSONS[code]
    employee = {
        "person_id": person,
        "name": f"員工{code}",
        "employment_type": "civil_servant",
        "from": None,
        "to": None,
    }
    leave = {
        "record_id": f"RECORD-OF-{code}",
        "person_id": person,
        "leave_type": "09",
        "start": f"{MONTH}-03T08:30",
        "end": f"{MONTH}-03T17:30",
        "hours": 8,
        "certificate": False,
        "reason": None,
    }
    return document(code, MONTH, produced_at, employees=[employee], leaves=[leave], overtime=[])


def _holding(opened, code, older, submission):
    (finding,) = standing_findings(opened, code, MONTH).findings
    with writing(opened.engine) as session:
        wanted = Wanted(f"clerk-{code}", f"承辦 {code}", "viewer", code, date(2021, 1, 1), None, "測試")
        held = authorise(session, wanted, actor="test", at=NOW)
        secret, token = issue_token(session, code, f"系統 {code}", SCOPES, date(2021, 12, 31), actor="test", at=NOW)
    return Holding(code, older, submission, finding["rule"], finding["finding_key"], held.id, token.id, secret)
