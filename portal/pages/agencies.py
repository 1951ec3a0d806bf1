"""入檔情形: the agencies that somebody may see, a year's grid of months for each, and for one by itself."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.access import Right
from portal.guard import SIGNED_IN, Allowed, Visit
from portal.status import OWING, Cell, grid, months_of, owing, years

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

#: Agencies on a page of the list.
PAGE = 100
#: What may be asked for of a year: the calendar has no others.
Year = Annotated[int | None, Query(ge=1912, le=9998)]


@router.get("/agencies")
def agencies(
    request: Request,
    visit: Annotated[Visit, Depends(SIGNED_IN)],
    year: Year = None,
    q: Annotated[str, Query(max_length=80)] = "",
    show: str = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The list, filtered by name or code and by what is owed, a page at a time."""
    known = years(visit.desk)
    year = year or known[0]
    register = visit.desk.remembered.register
    seen = {code for month in months_of(visit.desk, year) for code in visit.access.agencies(Right.VIEW, month)}
    names = {code: register.name(code) or code for code in sorted(seen)}
    wanted = q.strip().casefold()
    found = [code for code, name in names.items() if wanted in code.casefold() or wanted in name.casefold()]
    if show in OWING:
        listed = owing(visit.desk, year)[show]
        found = [code for code in found if code in listed]
    pages = max(1, -(-len(found) // PAGE))
    page = min(page, pages)
    codes = found[(page - 1) * PAGE : page * PAGE]
    rows = {code: _seen(visit, code, cells) for code, cells in grid(visit.desk, codes, year).items()}
    values: dict[str, Any] = {
        "names": names,
        "rows": rows,
        "found": len(found),
        "page": page,
        "pages": pages,
        "q": q,
        "show": show,
    }
    return visit.desk.page(request, "agencies.html", visit=visit, year=year, years=known, **values)


@router.get("/agencies/{agency}")
def agency(request: Request, visit: Annotated[Visit, Depends(Allowed(Right.VIEW))], year: Year = None) -> Response:
    """One agency's year."""
    known = years(visit.desk)
    year = year or known[0]
    name = visit.desk.remembered.register.name(visit.agency)
    if name is None:
        raise HTTPException(404, "機關代碼檔沒有這個機關 the register has no such agency")
    cells = _seen(visit, visit.agency, grid(visit.desk, [visit.agency], year)[visit.agency])
    values: dict[str, Any] = {"name": name, "cells": cells, "year": year, "years": known}
    return visit.desk.page(request, "agency.html", visit=visit, **values)


def _seen(visit: Visit, code: str, cells: Sequence[Cell]) -> list[Cell | None]:
    """The cells of those months in which the agency was theirs to see."""
    return [cell if visit.access.may(Right.VIEW, code, cell.month) else None for cell in cells]
