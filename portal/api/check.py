"""格式檢核 by REST: a document is checked, and everything wrong with it said; nothing is stored.  Open to everybody."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from portal.api.documents import TAKES_DOCUMENT
from portal.api.models import PROBLEMS, CheckResult
from portal.desk import Desk
from portal.limiting import limited
from portal.uploads import body_of

router = APIRouter(prefix="/api/v1", tags=["檢核 check"], responses=PROBLEMS)


@router.post(
    "/check",
    response_model=CheckResult,
    summary="格式檢核，不報送 Check a document; submits nothing",
    openapi_extra=TAKES_DOCUMENT,
    dependencies=[Depends(limited)],
)
async def check(request: Request) -> JSONResponse:
    """Check the request's body, whatever it is; the answer is 200 with every finding."""
    desk: Desk = request.app.state.desk
    checked = await desk.check.check(await body_of(request))
    # As it is: validating our own answers once more would take as long as checking a small document.
    return JSONResponse(checked.as_json())
