"""Postal codes (郵遞區號): the county and town that an agency lies in, by the first three digits of its code.

Source of `warehouse/data/postal_codes.csv`: Chunghwa Post's 3-digit codes, all 368 towns; 290, 817 and 819, islands
without a town of their own, are of those that they belong to.  Measured against the addresses of the register of 2016:
`tests/warehouse/register/test_postal_codes.py`.
"""

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_TABLE = "data/postal_codes.csv"
_CODE = re.compile(r"(\d{3})(\d{2,3})?", re.ASCII)


class Area(NamedTuple):
    """A county (縣市) or, where `town` is given, one of its towns (鄉鎮市區)."""

    county: str
    town: str | None = None

    def __str__(self) -> str:
        return f"{self.county}{self.town or ''}"


def is_postal_code(text: str) -> bool:
    """Whether it is written as one: 3 digits, 5, or 6."""
    return _CODE.fullmatch(text) is not None


def area_of(postal_code: str | None) -> Area | None:
    """Where a postal code lies; None where it is none or unknown.

    The code of 新竹市 and that of 嘉義市 are the whole city's and name no town.
    """
    return None if postal_code is None else _areas().get(postal_code[:3])


def same_area(held: str | None, stated: str | None) -> bool:
    """Whether a code that is stated says nothing else of where an agency lies than the one held, or none, did."""
    return stated is not None and (held is None or held[:3] == stated[:3])


def official(name: str) -> str:
    """A county's or town's name as the table writes it, with 臺 for 台."""
    return name.replace("台", "臺")


def is_told_apart(area: Area) -> bool:
    """Whether postal codes say that an agency lies there: not of the towns that have one code together."""
    return area.town is None or area in _areas().values()


def table_bytes() -> bytes:
    """The table as it is shipped: whoever remembers what came of it remembers this too."""
    return files("warehouse").joinpath(_TABLE).read_bytes()


@cache
def _rows() -> tuple[tuple[str, Area], ...]:
    rows = csv.DictReader(table_bytes().decode("utf-8").splitlines())
    return tuple((row["code"], Area(row["county"], row["town"])) for row in rows)


@cache
def _areas() -> dict[str, Area]:
    areas: dict[str, Area] = {}
    for code, area in _rows():
        areas[code] = Area(area.county) if code in areas else area
    return areas


@cache
def towns() -> Mapping[str, frozenset[str]]:
    """County → its towns."""
    found: dict[str, set[str]] = {}
    for _, area in _rows():
        found.setdefault(area.county, set()).add(area.town or "")
    return {county: frozenset(of_county) for county, of_county in found.items()}
