"""手動報送: a form that takes a document, and the page of what was taken, with its receipt and what is wrong with it.

Of whom a document is it says itself; it is taken from those who may submit for that agency.  One that does not say so
readably is kept all the same, as by `attendance submit`, and whoever hands it in is told that it will be refused.
"""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from assets.intake import HandedIn
from assets.receipts import NoSuchSubmission, issue_receipt
from portal.access import Right
from portal.counter import stated
from portal.format_check import SHOWN
from portal.guard import Allowed, AllowedSomewhere, NotAllowed, Visit
from portal.submissions import submission_page
from portal.uploads import Uploaded
from warehouse.journal import log

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

#: Before the file: who may not submit sends none.
Submitter = Annotated[Visit, Depends(AllowedSomewhere(Right.SUBMIT))]
Viewer = Annotated[Visit, Depends(Allowed(Right.VIEW))]


@router.get("/submit")
def form(request: Request, visit: Submitter) -> Response:
    """The form, for those who may submit for some agency."""
    return visit.desk.page(request, "submit.html", visit=visit, names=_own(visit))


@router.post("/submit")
async def submit(request: Request, visit: Submitter, file: Uploaded) -> Response:
    """Take the document and go to its page."""
    data, name = await file.read(), file.filename or ""
    said = await to_thread.run_sync(stated, data)
    if said.agency_code is not None and not visit.access.may(Right.SUBMIT, said.agency_code, said.month):
        log.warning("access_refused", agency=said.agency_code, account=visit.visitor.account, right=Right.SUBMIT.value)
        raise NotAllowed(
            f"檔案是 {said.agency_code} 的資料，您無權為該機關報送；未收件 "
            "this file is of an agency that you may not submit for: it was not taken"
        )
    receipt = await visit.desk.counter.take(HandedIn(name, data, by=visit.visitor.actor))
    if receipt.agency_code and receipt.month:
        place = f"/agencies/{receipt.agency_code}/{receipt.month}/submissions/{receipt.submission_id}"
        return RedirectResponse(place, 303)
    checked = await visit.desk.check.check(data)
    values = {"checked": checked, "name": name, "unreadable": receipt, "names": _own(visit), "shown": SHOWN}
    return visit.desk.page(request, "submit.html", status=422, visit=visit, **values)


@router.get("/agencies/{agency}/{month}/submissions/{id_}")
async def taken(request: Request, visit: Viewer, id_: str) -> Response:
    """A submission as it stands: what became of it, or what the check says of it while it waits."""
    said = await submission_page(visit, id_)
    if said is None:
        raise HTTPException(404, "該機關該月沒有這份報送 no such submission of this agency and month")
    return visit.desk.page(request, "submission.html", visit=visit, shown=SHOWN, **said)


@router.get("/agencies/{agency}/{month}/submissions/{id_}/receipt.json")
def receipt(visit: Viewer, id_: str) -> Response:
    """The signed receipt, to keep: whoever holds the file can verify it offline."""
    said = _receipt(visit, id_)
    name = f"receipt-{visit.agency}-{visit.month}-{id_[:12]}.json"
    return JSONResponse(said, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _receipt(visit: Visit, id_: str) -> dict[str, Any]:
    try:
        return issue_receipt(visit.desk.platform, visit.agency, visit.of_month, id_)
    except NoSuchSubmission as error:
        raise HTTPException(404, str(error)) from None


def _own(visit: Visit) -> dict[str, str]:
    register = visit.desk.remembered.register
    return {code: register.name(code) or code for code in visit.access.own(Right.SUBMIT)}
