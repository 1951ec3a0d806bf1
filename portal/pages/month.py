"""檢誤結果 of an agency's month: what stands, by rule or by record; answers to warnings; what changed; the report."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from assets.error_report import SEVERITIES, write_error_report
from assets.standing_findings import standing_findings
from assets.standing_report import reported
from assets.words_of_people import NamesSomebody, without_people
from checks.rule_set import all_rules
from portal.access import Right
from portal.downloads import attachment
from portal.guard import Allowed, Visit
from warehouse.comparison import NothingToCompare, compare
from warehouse.duties import Duties, calendar_of
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.explanations import ExplanationRefused, explain, reason_codes, revoke
from warehouse.ledger.retirements import YearRetired
from warehouse.receipts import history

router = APIRouter(prefix="/agencies/{agency}/{month}", default_response_class=HTMLResponse, include_in_schema=False)

Viewer = Annotated[Visit, Depends(Allowed(Right.VIEW))]
Explainer = Annotated[Visit, Depends(Allowed(Right.EXPLAIN))]
#: Findings of a rule that the page shows at first, and in all when one rule is opened.
FIRST, ALL = 20, 1000
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}


@router.get("")
def month(request: Request, visit: Viewer, by: Literal["rule", "record"] = "rule", rule: str | None = None) -> Response:
    """The month: its submissions, and what stands of findings."""
    return _page(request, visit, by, rule)


@router.get("/changes")
async def changes(request: Request, visit: Viewer, before: str | None = None, after: str | None = None) -> Response:
    """What changed from one submission to another; by default, to the newest from what counted before."""
    return await visit.desk.slow.run(visit.visitor.account, partial(_changes, request, visit, before, after))


def _changes(request: Request, visit: Visit, before: str | None, after: str | None) -> Response:
    platform, place = visit.desk.platform, (visit.agency, visit.of_month)
    values: dict[str, Any] = {}
    with reading(platform.engine) as session:
        received = history(session, *place)
        try:
            values["compared"] = compare(session, platform.home, *place, before, after)
        except NothingToCompare as error:
            values["nothing"] = str(error)
    return visit.desk.page(request, "changes.html", visit=visit, received=received, rules=all_rules(), **values)


@router.get("/findings.{suffix}")
async def findings_file(visit: Viewer, suffix: Literal["xlsx", "ods"]) -> Response:
    """The error report, by rule and finding by finding, as the command line writes it."""
    return await visit.desk.slow.run(visit.visitor.account, partial(_findings_file, visit, suffix))


def _findings_file(visit: Visit, suffix: str) -> Response:
    platform = visit.desk.platform
    standing = standing_findings(platform, visit.agency, visit.of_month)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"findings.{suffix}"
        write_error_report(reported(platform, standing), file)
        data = file.read_bytes()
    name = f"檢誤結果-{visit.agency}-{visit.of_month}.{suffix}"
    return Response(data, media_type=_TYPES[suffix], headers={"Content-Disposition": attachment(name)})


@router.post("/explanations")
def answer(
    request: Request,
    visit: Explainer,
    rule: Annotated[str, Form()],
    code: Annotated[str, Form()],
    finding: Annotated[str, Form()] = "",
    text: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Answer a warning, or all of a rule's that nobody has answered; and back to where it stands."""
    platform, place = visit.desk.platform, (visit.agency, visit.of_month)
    meant = [row for row in _warnings(visit, rule, finding) if finding or row["explanation"] is None]
    try:
        said = without_people(platform, *place, text) if text.strip() else None
        with writing(platform.engine) as session:
            explain(
                session,
                meant,
                code=code,
                text=said,
                by=visit.visitor.account,
                at=platform.clock(),
                actor=visit.visitor.actor,
            )
    except (ExplanationRefused, NamesSomebody, YearRetired) as error:
        return _page(request, visit, "rule", rule, status=422, refused=str(error))
    return RedirectResponse(f"/agencies/{visit.agency}/{visit.of_month}?rule={rule}#{rule}", 303)


@router.post("/explanations/revoke")
def take_back(visit: Explainer, rule: Annotated[str, Form()], finding: Annotated[str, Form()] = "") -> Response:
    """Take an answer back, or all of a rule's."""
    platform = visit.desk.platform
    meant = _warnings(visit, rule, finding)
    with writing(platform.engine) as session:
        revoke(session, meant, by=visit.visitor.account, at=platform.clock(), actor=visit.visitor.actor)
    return RedirectResponse(f"/agencies/{visit.agency}/{visit.of_month}?rule={rule}#{rule}", 303)


def _page(
    request: Request, visit: Visit, by: str, rule: str | None, *, status: int = 200, refused: str | None = None
) -> Response:
    platform, place = visit.desk.platform, (visit.agency, visit.of_month)
    standing = standing_findings(platform, *place)
    with reading(platform.engine) as session:
        received = history(session, *place, Duties(session, calendar_of(platform.home)))
    values = {
        "name": visit.desk.remembered.register.name(visit.agency) or visit.agency,
        "standing": standing,
        "received": received[::-1],
        "by": by,
        "opened": rule,
        "groups": _by_rule(standing.findings) if by == "rule" else _by_record(standing.findings),
        "rules": all_rules(),
        "codes": reason_codes(),
        "may_explain": visit.access.may(Right.EXPLAIN, *place),
        "first": FIRST,
        "all": ALL,
        "refused": refused,
    }
    return visit.desk.page(request, "month.html", status=status, visit=visit, **values)


def _warnings(visit: Visit, rule: str, finding: str) -> list[dict[str, Any]]:
    standing = standing_findings(visit.desk.platform, visit.agency, visit.of_month)
    meant = [row for row in standing.findings if row["rule"] == rule and finding in ("", row["finding_key"])]
    if not meant:
        raise HTTPException(
            404, "這項檢誤已不存在，請重新整理頁面 this finding is not there any more: load the page again"
        )
    return meant


def _by_rule(findings: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Rule → its findings, the most serious first."""
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    order = list(SEVERITIES)
    for row in sorted(findings, key=lambda row: (order.index(row["severity"]), row["rule"])):
        groups[row["rule"]].append(row)
    return groups


def _by_record(findings: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    """Dataset, index and record_id → what is wrong with that record, in the file's order."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in findings:
        groups[row["dataset"], row["index"], row["record_id"]].append(row)
    return dict(sorted(groups.items(), key=lambda item: (item[0][0] or "", item[0][1] or 0)))
