"""操作手冊: how a clerk submits, reads and answers, as a page and as a PDF; open to everybody.

Its text is `portal/manual/manual.<language>.md`, its pictures `portal/static/manual/`; page and PDF are of the same.
"""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from checks.published.language import Language
from portal.desk import Desk
from portal.etags import tagged
from portal.guard import visit_of
from portal.language import language_of
from portal.prose import Prose, render
from portal.prose_pdf import prose_pdf

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_TEXTS = Path(__file__).parents[1] / "manual"
#: Where its pictures are.
PICTURES = Path(__file__).parents[1] / "static" / "manual"
_FILES = {Language.ZH: "manual.zh-TW.pdf", Language.EN: "manual.en.pdf"}
#: Where width and height stand in a PNG (ISO/IEC 15948, 11.2.2), four bytes each.
_PNG_WIDTH = 16
_SETTING = Lock()


def text_of(language: Language) -> str:
    """The manual's source."""
    return (_TEXTS / f"manual.{language.tag}.md").read_text(encoding="utf-8")


def picture_of(source: str) -> Path:
    """The file of a picture, by the address that the source has: beside the source, for who reads it there."""
    return (_TEXTS / source).resolve()


@router.get("/manual")
def manual_page(request: Request) -> Response:
    """The page."""
    desk: Desk = request.app.state.desk
    language = language_of(request)
    values: dict[str, Any] = {
        "prose": _prose(language),
        "language": language,
        "place": "/manual",
        "pdf": f"/manual/{language}.pdf",
    }
    return desk.page(request, "prose.html", visit=visit_of(request), **values)


@router.get("/manual/zh.pdf")
def chinese_pdf(request: Request) -> Response:
    """The PDF of the Chinese edition."""
    return tagged(request, _pdf_once(Language.ZH), "application/pdf", name=_FILES[Language.ZH])


@router.get("/manual/en.pdf")
def english_pdf(request: Request) -> Response:
    """The PDF of the English edition."""
    return tagged(request, _pdf_once(Language.EN), "application/pdf", name=_FILES[Language.EN])


@cache
def _prose(language: Language) -> Prose:
    return render(text_of(language), _attributes)


def _attributes(source: str) -> dict[str, str]:
    file = picture_of(source)
    head = file.read_bytes()[: _PNG_WIDTH + 8]
    width, height = (int.from_bytes(head[place : place + 4]) for place in (_PNG_WIDTH, _PNG_WIDTH + 4))
    return {"src": f"/static/manual/{file.name}", "width": str(width), "height": str(height), "loading": "lazy"}


def _pdf_once(language: Language) -> bytes:
    """The PDF, set once however many ask for it meanwhile: it takes seconds."""
    with _SETTING:
        return _pdf(language)


@cache
def _pdf(language: Language) -> bytes:
    return prose_pdf(text_of(language), language.tag, picture_of)
