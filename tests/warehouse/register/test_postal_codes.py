"""Postal codes: the table is whole, and agrees with the addresses that the government's own register has."""

import csv
import io
import re
from collections import Counter, defaultdict
from datetime import date

import pytest

from tests.warehouse.register.files import COUNTY, TOWN, YUAN, government, project
from warehouse.ledger.engine import reading
from warehouse.register import RegisterAgencies
from warehouse.register.postal_codes import Area, area_of, is_postal_code, is_told_apart, official, towns

#: Towns of each county, by the Ministry of the Interior: 368 in all.
TOWNS = {
    "臺北市": 12, "新北市": 29, "桃園市": 13, "臺中市": 29, "臺南市": 37, "高雄市": 38, "基隆市": 7, "新竹市": 3,
    "嘉義市": 2, "新竹縣": 13, "苗栗縣": 18, "彰化縣": 26, "南投縣": 13, "雲林縣": 20, "嘉義縣": 18, "屏東縣": 33,
    "宜蘭縣": 12, "花蓮縣": 13, "臺東縣": 16, "澎湖縣": 6, "金門縣": 6, "連江縣": 4,
}  # fmt: skip
#: Counties of addresses that were not written anew since they became special municipalities.
BEFORE = {"桃園縣": "桃園市", "臺北縣": "新北市", "臺中縣": "臺中市", "臺南縣": "臺南市", "高雄縣": "高雄市"}
FIRST, LATER = date(2021, 3, 1), date(2022, 3, 1)


def test_every_town_of_every_county_is_there():
    assert {county: len(of_county) for county, of_county in towns().items()} == TOWNS
    assert sum(TOWNS.values()) == 368
    assert all(re.fullmatch(r".{1,3}[鄉鎮市區]", town) for of_county in towns().values() for town in of_county)
    assert not any("台" in name for county, of_county in towns().items() for name in (county, *of_county))


@pytest.mark.parametrize(
    ("code", "area"),
    [
        ("100", Area("臺北市", "中正區")),
        ("10048", Area("臺北市", "中正區")),
        ("612009", Area("嘉義縣", "太保市")),
        ("300", Area("新竹市")),
        ("600", Area("嘉義市")),
        ("817", Area("高雄市", "旗津區")),
        ("703", None),
        (None, None),
    ],
)
def test_where_a_code_lies(code, area):
    assert area_of(code) == area


def test_what_is_written_as_a_postal_code():
    assert [text for text in ("100", "10048", "100488", "10", "1000", "413-5", "１００") if is_postal_code(text)] == [
        "100", "10048", "100488",
    ]  # fmt: skip


def test_districts_of_cities_with_one_code_are_not_told_apart():
    not_told_apart = {
        Area(county, town) for county in towns() for town in towns()[county] if not is_told_apart(Area(county, town))
    }
    assert {area.county for area in not_told_apart} == {"新竹市", "嘉義市"}
    assert len(not_told_apart) == 5


def _named(county: str, address: str) -> set[str]:
    """The towns of the county that an address begins with; towns that became districts too."""
    written = {town: town if len(town) == 2 else f"{town[:-1]}[鄉鎮市區]" for town in towns()[county]}
    return {town for town, pattern in written.items() if re.match(pattern, address)}


def test_addresses_of_the_register_of_2016_lie_where_their_postal_codes_say(real_file):
    """Where they do not the agency's own code is wrong: of no code do most addresses name another place."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in csv.DictReader(io.StringIO(real_file.read_text(encoding="cp950", errors="replace"))):
        area, code = area_of(row["郵遞區號"]), row["郵遞區號"][:3]
        address = re.sub(r"^\d+", "", official(row["機關地址"].strip()))
        county = BEFORE.get(address[:3], address[:3])
        if area is None or county not in towns():
            continue
        seen[code]["county" if county == area.county else "other county"] += 1
        named = _named(county, address[3:])
        if county == area.county and area.town and named:
            seen[code]["town" if area.town in named else "other town"] += 1
    assert sum(seen.values(), Counter()) == {"county": 13_243, "other county": 45, "town": 11_253, "other town": 194}
    assert [code for code, one in seen.items() if one["other county"] > one["county"]] == []
    assert [code for code, one in seen.items() if one["other town"] > one["town"]] == []


def test_the_register_keeps_postal_codes(register):
    wide = COUNTY | {"postal": "６１２４７"}
    report = register.take(government(YUAN | {"postal": "100"}, wide, TOWN | {"postal": "413-5"}), FIRST)
    periods = {code: rows[-1] for code, rows in register.agencies.periods.items()}
    assert [periods[one["code"]].postal_code for one in (YUAN, COUNTY, TOWN)] == ["100", "61247", None]
    assert periods[COUNTY["code"]].area == Area("嘉義縣", "太保市")
    assert report.count("bad_postal_code") == 1


def test_a_code_that_no_table_knows_is_kept_and_told(register):
    report = register.take(project({"agency_code": "376500000A", "name": "嘉義縣政府", "postal_code": "703"}), FIRST)
    assert report.count("unknown_postal_code") == 1
    (period,) = register.agencies.periods["376500000A"]
    assert (period.postal_code, period.area) == ("703", None)


@pytest.mark.parametrize(
    ("before", "now", "periods"),
    [
        ("", "612", ["612"]),
        ("612", "61247", ["61247"]),
        ("612", "", ["612"]),
        ("0", "612", ["612"]),
        ("612", "600", ["612", "600"]),
    ],
)
def test_only_an_agency_that_moves_has_a_new_period(register, before, now, periods):
    register.take(government(YUAN, COUNTY | {"postal": before}), FIRST)
    register.take(government(YUAN, COUNTY | {"postal": now}), LATER)
    held = register.agencies.periods[COUNTY["code"]]
    assert [one.postal_code for one in held] == periods
    again = register.take(government(YUAN, COUNTY | {"postal": now}), LATER)
    assert again.unchanged == 2


def test_the_fingerprint_knows_where_agencies_lie(register):
    register.take(government(YUAN, COUNTY), FIRST)
    before = register.agencies.fingerprint
    register.take(government(YUAN, COUNTY | {"postal": "612"}), FIRST)
    with reading(register.engine) as session:
        assert RegisterAgencies(session).fingerprint != before
