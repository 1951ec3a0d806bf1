"""Answers that are the same for everybody until the portal is another version: kept by browsers, validated by tag."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response


def tagged(request: Request, body: bytes, media_type: str, *, name: str | None = None) -> Response:
    """The body with its entity tag, or 304 to who has it already (RFC 9110, 13.1.2); `name`: a file to be kept."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    held = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(body, media_type=media_type, headers=headers)
