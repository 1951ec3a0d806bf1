"""檢誤結果 by REST: what stands of an agency's month, and answers to its warnings."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException

from assets.standing_findings import standing_findings
from assets.words_of_people import NamesSomebody, without_people
from portal.api.guard import Caller, Scoped
from portal.api.models import PROBLEMS, Explained, Explaining, Findings, Reason
from portal.api.submissions import MonthPath
from warehouse.ledger.engine import writing
from warehouse.ledger.explanations import ExplanationRefused, explain, reason_codes
from warehouse.ledger.retirements import YearRetired

router = APIRouter(prefix="/api/v1", tags=["檢誤 findings"], responses=PROBLEMS)

Reader = Annotated[Caller, Depends(Scoped("read"))]
Submitter = Annotated[Caller, Depends(Scoped("submit"))]


@router.get("/months/{month}/findings", response_model=Findings, summary="檢誤結果 What stands of findings")
def findings(caller: Reader, month: MonthPath) -> Any:
    """Of what counts, and of the newest refused document after it; each with the answer that stands."""
    standing = standing_findings(caller.desk.platform, caller.agency, month)
    return {
        "agency_code": caller.agency,
        "month": month,
        "waiting": standing.waiting,
        "findings": standing.findings,
        "may_have_more": standing.may_have_more,
    }


@router.post("/months/{month}/explanations", response_model=Explained, summary="說明警告 Answer warnings")
def answer(caller: Submitter, month: MonthPath, said: Explaining) -> Any:
    """One answer to any number of warnings; all or none."""
    platform = caller.desk.platform
    standing = {row["finding_key"]: row for row in standing_findings(platform, caller.agency, month).findings}
    unknown = [key for key in said.finding_keys if key not in standing]
    if unknown:
        raise HTTPException(404, f"沒有這些檢誤 {len(unknown):,} of these keys are no standing finding of the month")
    try:
        text = without_people(platform, caller.agency, month, said.text) if said.text else None
        with writing(platform.engine) as session:
            number = explain(
                session,
                [standing[key] for key in dict.fromkeys(said.finding_keys)],
                code=said.code,
                text=text,
                by=caller.token.label,
                at=platform.clock(),
                actor=caller.actor,
            )
    except (ExplanationRefused, NamesSomebody, YearRetired) as error:
        raise HTTPException(422, str(error)) from None
    return {"number": number}


@router.get("/reason-codes", response_model=list[Reason], summary="原因代碼 The reason codes")
def codes(_caller: Reader) -> Any:
    """What a warning can be answered with."""
    return list(reason_codes().values())
