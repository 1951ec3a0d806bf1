"""報送 by REST: a document is taken with its receipt, once however often it is sent; and what became of it."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool as in_thread
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assets.intake import HandedIn
from assets.receipts import NoSuchSubmission, issue_receipt
from portal.api.documents import TAKES_DOCUMENT
from portal.api.guard import Caller, Scoped
from portal.api.models import PROBLEMS, Month, Receipt, Taken, problem_response
from portal.checked import Checked
from portal.counter import stated
from portal.uploads import body_of
from warehouse.access.tokens import TokenRefused, bind_key
from warehouse.duties import Duties, calendar_of
from warehouse.journal import log
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.receipts import history, receipt

router = APIRouter(prefix="/api/v1", tags=["報送 submissions"], responses=PROBLEMS)

Submitter = Annotated[Caller, Depends(Scoped("submit"))]
Reader = Annotated[Caller, Depends(Scoped("read"))]
MonthPath = Annotated[str, Path(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", description="西元年月 YYYY-MM")]
IdPath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="報送編號 SHA-256")]


@router.post(
    "/submissions",
    status_code=201,
    response_model=Taken,
    summary="報送 Hand in a document",
    responses={
        200: {"model": Taken, "description": "先前已報送 the same bytes were handed in before"},
        409: problem_response("Idempotency-Key 已用於另一份檔案 the key is another document's"),
    },
    openapi_extra=TAKES_DOCUMENT,
)
async def submit(
    request: Request,
    response: Response,
    caller: Submitter,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=64, pattern=r"^[!-~]+$", description="重送用 the same for a retry")
    ] = None,
) -> Any:
    """Take the body as it comes, byte for byte; its SHA-256 is the submission's id.

    Sent again it is the same submission.  An `Idempotency-Key` holds a retry to the same document: under one key
    another document is refused (409).
    """
    data = await body_of(request)
    said = await in_thread(stated, data)
    if said.agency_code is not None and said.agency_code != caller.agency:
        log.warning("token_refused", agency=caller.agency, token=caller.token.id, why="another agency")
        raise HTTPException(
            403, f"檔案是 {said.agency_code} 的資料，權杖屬 {caller.agency} not the token's agency: not taken"
        )
    if idempotency_key is not None:
        await in_thread(_bind, caller, idempotency_key, hashlib.sha256(data).hexdigest())
    taken = await caller.desk.counter.take(HandedIn("api", data, by=caller.actor))
    checked = await caller.desk.check.check(data)
    if not (taken.agency_code and taken.month):
        return _unreadable(taken.submission_id, checked)
    response.status_code = 201 if taken.new else 200
    one = await in_thread(_receipt, caller, taken.month, taken.submission_id)
    return {"new": taken.new, "receipt": one, "foreseen": checked.as_json()}


@router.get("/months/{month}", response_model=Month, summary="入檔情形 What came of a month")
def month(caller: Reader, month: MonthPath) -> Any:
    """Every submission of the month, as the ledger has them now."""
    platform = caller.desk.platform
    with reading(platform.engine) as session:
        received = history(session, caller.agency, month, Duties(session, calendar_of(platform.home)))
    waiting = any(one.state == lifecycle.RECEIVED for one in received)
    said = [one.as_dict() for one in received]
    return {"agency_code": caller.agency, "month": month, "waiting": waiting, "submissions": said}


@router.get("/months/{month}/submissions/{id_}", response_model=Receipt, summary="報送情形 What became of a submission")
def one_submission(caller: Reader, month: MonthPath, id_: IdPath) -> Any:
    """One submission as it stands."""
    return _receipt(caller, month, id_)


@router.get(
    "/months/{month}/submissions/{id_}/receipt", summary="收據 The signed receipt", response_model=dict[str, Any]
)
def signed_receipt(caller: Reader, month: MonthPath, id_: IdPath) -> Any:
    """The receipt, signed (Ed25519): whoever holds the file can verify it offline, `attendance receipt verify`."""
    try:
        return issue_receipt(caller.desk.platform, caller.agency, month, id_)
    except NoSuchSubmission as error:
        raise HTTPException(404, str(error)) from None


def _bind(caller: Caller, key: str, submission_id: str) -> None:
    platform = caller.desk.platform
    try:
        with writing(platform.engine) as session:
            bind_key(session, caller.token.id, key, submission_id, platform.clock())
    except TokenRefused as error:
        raise HTTPException(409, str(error)) from None


def _receipt(caller: Caller, month: str, id_: str) -> dict[str, Any]:
    platform = caller.desk.platform
    with reading(platform.engine) as session:
        duties = Duties(session, calendar_of(platform.home))
        found = receipt(session, SubmissionKey(id_, caller.agency, month), duties)
    if found is None:
        raise HTTPException(404, "該月沒有這份報送 no such submission of this month")
    return found.as_dict()


def _unreadable(id_: str, checked: Checked) -> JSONResponse:
    """Kept, and no agency's submission: what is found says why."""
    body = {
        "type": "about:blank",
        "title": "讀不出機關或年月 Names no agency or month readably",
        "status": 422,
        "detail": "請依檢誤更正後重新報送 mend what is found, then submit again",
        "submission_id": id_,
        **{name: value for name, value in checked.as_json().items() if name in {"findings", "total", "by_rule"}},
    }
    return JSONResponse(body, 422, media_type="application/problem+json")
