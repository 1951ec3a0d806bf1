"""Reading a file of closures (停止上班), as declared by counties, towns and agencies; nothing is kept here.

Each line is of an agency (and all below it), a county, or a town of one.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from warehouse.office_text import OfficeFileRefused, TableColumn, office_day, office_rows
from warehouse.register.postal_codes import Area, is_told_apart, official, towns

_REASON_LENGTH = 200
_COLUMNS = {
    "code": TableColumn(("code", "機關代碼", "代碼"), required=False),
    "county": TableColumn(("county", "縣市"), required=False),
    "town": TableColumn(("town", "鄉鎮市區"), required=False),
    "day": TableColumn(("day", "日期")),
    "hours": TableColumn(("hours", "停止上班時數", "時數")),
    "reason": TableColumn(("reason", "原因"), required=False, free_text=True),
}
_CODE = re.compile(r"[0-9A-Z]{10}")

#: For whom a closure is declared: the code of an agency, or an area.
ClosureScope = str | Area


class Declared(NamedTuple):
    """A line of the file: hours closed on the day, at that place."""

    scope: ClosureScope
    day: date
    hours: int
    reason: str | None


def read_closures(data: bytes) -> list[Declared]:
    """Read a file (CSV; UTF-8 or CP950).  Raises `OfficeFileRefused` with every fault."""
    declared, faults = [], list[str]()
    seen: dict[tuple[ClosureScope, date], int] = {}
    for row in office_rows(data, _COLUMNS):
        declaration, wrong = _declared(row.cells)
        if declaration and (declaration.scope, declaration.day) in seen:
            line = seen[declaration.scope, declaration.day]
            wrong = [f"與第 {line} 行的對象及日期重複 the same place and day as line {line}"]
        elif declaration:
            seen[declaration.scope, declaration.day] = row.line
            declared.append(declaration)
        faults += [row.fault(fault) for fault in wrong]
    if faults:
        raise OfficeFileRefused(faults)
    return declared


def _declared(said: Mapping[str, str]) -> tuple[Declared | None, list[str]]:
    place, faults = _place(said)
    day = office_day(said["day"])
    if day is None:
        faults.append(
            "日期寫成 2021-09-12 或 1100912 a day is written 2021-09-12 or, in ROC years, 1100912: "
            f"{said['day'][:20]!r}"
        )
    if not re.fullmatch(r"[0-8]", said["hours"]):
        faults.append(f"時數應為 0 至 8 的整數（0：照常上班） hours must be 0 to 8 (0: open): {said['hours'][:20]!r}")
    if len(said["reason"]) > _REASON_LENGTH:
        faults.append(f"原因最多 {_REASON_LENGTH} 字 the reason has at most {_REASON_LENGTH} characters")
    if faults or day is None or place is None:
        return None, faults
    return Declared(place, day, int(said["hours"]), said["reason"] or None), []


def _place(said: Mapping[str, str]) -> tuple[ClosureScope | None, list[str]]:
    code, county, town = said["code"].upper(), official(said["county"]), official(said["town"])
    if bool(code) == bool(county or town):
        return None, ["機關代碼與縣市擇一填寫 give either the code of an agency or a county"]
    if not code:
        area = Area(county, town or None)
        return area, _area_faults(area)
    if _CODE.fullmatch(code):
        return code, []
    return None, [f"機關代碼應為 10 碼數字或大寫英文字母 the code must be 10 digits or capitals: {said['code'][:20]!r}"]


def _area_faults(area: Area) -> list[str]:
    if area.county not in towns():
        return [f"沒有這個縣市 no such county: {area.county[:20]!r}"]
    if area.town is not None and area.town not in towns()[area.county]:
        return [f"{area.county}沒有這個鄉鎮市區 has no such town: {area.town[:20]!r}"]
    if not is_told_apart(area):
        remedy = "請以縣市或機關代碼登錄 declare for the county, or by the codes of agencies"
        return [f"{area.county}的郵遞區號不分區 postal codes do not tell its districts apart: {remedy}"]
    return []
