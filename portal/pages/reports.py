"""報表: each report a page at a time with its chart, a ratio opened to its agency-months, and the same as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from assets.report_kinds import COLUMNS, NamedReport
from assets.report_pdf import MOST_ROWS, TooManyForPaper
from assets.report_words import OUTCOMES, shown
from portal.access import Right
from portal.guard import SIGNED_IN, NotAllowed, Visit
from portal.reports.asking import Asked, Wanted, asked, of_another
from portal.reports.charts import chart
from portal.reports.files import Suffix, file_of
from portal.reports.sources import published_at
from warehouse.client_versions import VersionsRefused
from warehouse.duties import CalendarRefused
from warehouse.ledger.retirements import YearRetired
from warehouse.publish.partitions import StoreIncomplete
from warehouse.reports.query import NothingPublished
from warehouse.reports.selection import ROLLED_UP, count, rows
from warehouse.sheets import TooManyRows
from warehouse.tables import TABLES

router = APIRouter(prefix="/reports", default_response_class=HTMLResponse, include_in_schema=False)

#: Rows on a page.
PAGE = 100
#: Names of authorities that the field for one suggests.
_SUGGESTED = 500

Visitor = Annotated[Visit, Depends(SIGNED_IN)]
Filters = Annotated[Wanted, Depends()]


class Shown(NamedReport):
    """The reports that have a page, by their addresses."""

    MONTHLY_COUNTS = "monthly-counts"
    SUMMARY = "summary"
    SUBMISSION_RATIOS = "submission-ratios"
    DUE_MONTHS = "due-months"
    CLIENT_VERSIONS = "client-versions"


@router.get("")
def reports(request: Request, visit: Visitor) -> Response:
    """The reports that there are."""
    if not visit.visitor.held:
        raise NotAllowed
    listed = {one.value: TABLES[f"reports.{one.table}"] for one in Shown}
    return visit.desk.page(request, "reports.html", visit=visit, listed=listed)


@router.get("/{report}.{suffix}")
async def file(visit: Visitor, report: Shown, suffix: Suffix, wanted: Filters) -> Response:
    """All rows that were asked for, as a file."""
    slow = visit.desk.slow
    with _told(), slow.place_of(visit.visitor.account):
        question = await slow.reading.run(partial(asked, visit, report.table, wanted))
        try:
            return await file_of(visit, question, suffix)
        except NothingPublished:
            raise HTTPException(404, "尚未發布任何資料，尚無可下載的報表 nothing has been published yet") from None


@router.get("/{report}")
async def report(request: Request, visit: Visitor, report: Shown, wanted: Filters) -> Response:
    """One page of a report.  Of a past all is done in the slow reads' queues, from making out the question on."""
    slow = visit.desk.slow
    with _told():
        if not wanted.as_of:
            return await to_thread.run_sync(_as_published, request, visit, report, wanted)
        with slow.place_of(visit.visitor.account):
            question = await slow.reading.run(partial(asked, visit, report.table, wanted))
            show = partial(_shown, request, visit, report, question, wanted.page)
            return await visit.desk.reports.read(question.year, question.as_of, show, slow.reading)


def _as_published(request: Request, visit: Visit, report: Shown, wanted: Wanted) -> Response:
    question = asked(visit, report.table, wanted)
    try:
        return visit.desk.reports.published(partial(_shown, request, visit, report, question, wanted.page))
    except NothingPublished:
        return _page(request, visit, report, question, nothing=True, rows=[], found=0, page=1, pages=1)


def _shown(
    request: Request, visit: Visit, report: Shown, question: Asked, page: int, connection: DuckDBPyConnection
) -> Response:
    return _page(request, visit, report, question, **_read(question, page, connection))


def _read(question: Asked, wanted_page: int, connection: DuckDBPyConnection) -> dict[str, Any]:
    """What a page shows of the rows."""
    table = question.selection.report
    found = count(connection, question.selection)
    pages = max(1, -(-found // PAGE))
    page = min(wanted_page, pages)
    listed = rows(connection, question.selection, COLUMNS[table], limit=PAGE, offset=(page - 1) * PAGE)
    return {
        "nothing": False,
        "rows": [dict(zip(COLUMNS[table], row, strict=True)) for row in listed],
        "found": found,
        "page": page,
        "pages": pages,
        "chart": chart(connection, question),
        "ratio": _ratio(connection, question),
        "published": None if question.as_of else published_at(connection),
    }


def _page(request: Request, visit: Visit, report: Shown, question: Asked, **read: Any) -> Response:
    values: dict[str, Any] = {
        "report": report.value,
        "table": TABLES[f"reports.{report.table}"],
        "columns": COLUMNS[report.table],
        "scoped": report.table in ROLLED_UP,
        "shown": shown,
        "outcomes": OUTCOMES,
        "most_on_paper": MOST_ROWS,
        "ratio_headings": TABLES["reports.submission_ratios"].headings,
        "q": question,
        "authorities": _authorities(visit),
    }
    return visit.desk.page(request, "report.html", visit=visit, **values, **read)


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be had is said with what to do, not as our fault."""
    try:
        yield
    except (TooManyRows, TooManyForPaper) as error:
        raise HTTPException(413, str(error)) from None
    except YearRetired as error:
        raise HTTPException(409, str(error)) from None
    except (VersionsRefused, CalendarRefused, StoreIncomplete) as error:
        raise HTTPException(503, str(error)) from None


def _ratio(connection: Any, question: Asked) -> dict[str, Any] | None:
    """The ratio behind which these agency-months stand, where they are a whole year's of one agency or authority."""
    selection = question.selection
    if selection.report != "due_months" or selection.authority is None or selection.month is not None:
        return None
    columns = COLUMNS["submission_ratios"]
    scopes = ("agency",) if selection.alone else ("authority", "agency")
    for scope in scopes:
        of_scope = of_another(question, "submission_ratios", scope=scope, agency_code=selection.authority).selection
        for row in rows(connection, of_scope, columns, limit=1):
            return dict(zip(columns, row, strict=True))
    return None


def _authorities(visit: Visit) -> dict[str, str]:
    """Code → name of what may be narrowed down to: the agencies with others below them, and one's own."""
    register = visit.desk.remembered.register
    tree = register.tree(visit.desk.this_month)
    seen = visit.access.agencies(Right.VIEW)
    own = visit.access.own(Right.VIEW)
    codes = [*own, *(code for code in seen if code not in own and tree.children_of(code))]
    return {code: register.name(code) or code for code in codes[:_SUGGESTED]}
