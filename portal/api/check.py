"""格式檢核 by REST: a document is checked, and everything wrong with it said; nothing is stored."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from portal.desk import Desk

router = APIRouter(prefix="/api/v1")


@router.post(
    "/check",
    summary="格式檢核，不報送 Check a document; submits nothing",
    responses={413: {"description": "檔案過大 too large"}},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def check(request: Request) -> JSONResponse:
    """Check the request's body, whatever it is; the answer is 200 with every finding."""
    desk: Desk = request.app.state.desk
    checked = await desk.check.check(await request.body())
    return JSONResponse(checked.as_json())
