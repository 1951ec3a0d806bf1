"""Documents as they come, in a form or as a request's body: on disk while they come, whole once they are here.

Of the files on disk none has a name: they are gone when nobody reads them any more, whatever happens.
"""

from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, BinaryIO, cast

from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from pipelines.settings_portal import MIB

#: Bytes of a document that are kept in memory while it comes.
_IN_MEMORY = MIB


async def _uploaded(request: Request) -> AsyncIterator[UploadFile]:
    """The form's `file`; closed after the answer.  Raises 422 where there is none."""
    async with request.form() as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise HTTPException(422, "沒有收到檔案，請選擇一個 JSON 檔案 no file came: choose a JSON file")
        yield file


#: A form's file.  As a dependency it is read after those before it have let the request in; FastAPI's own `File` is
#: read before anything is asked.
Uploaded = Annotated[UploadFile, Depends(_uploaded)]


async def body_of(request: Request) -> bytes:
    """A request's body."""
    file = cast(BinaryIO, SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 — closed below
    spool = UploadFile(file)
    try:
        async for piece in request.stream():
            await spool.write(piece)
        await spool.seek(0)
        return await spool.read()
    finally:
        await spool.close()
