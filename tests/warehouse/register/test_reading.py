"""Untidy files: everything that can be read is, everything odd is told, and what is no register is refused."""

from datetime import date

import pytest

from tests.warehouse.register.files import COUNTY, SCHOOL, TOWN, YUAN, government, project
from warehouse.register.files import RegisterError
from warehouse.register.oddities import Oddities
from warehouse.register.reading import read_register


def read(data):
    oddities = Oddities()
    file = read_register(data, "test.csv", oddities)
    return file, {oddity.kind: oddity.count for oddity in oddities.listed()}


def only(data):
    file, counts = read(data)
    (stated,) = file.stated
    return stated, counts


@pytest.mark.parametrize("encoding", ["cp950", "utf-8", "utf-8-sig"])
def test_encodings_and_columns_in_any_place(encoding):
    data = government(COUNTY, encoding=encoding, extra=("機關英文名稱", "郵遞區號"))
    stated, counts = only(data)
    assert (stated.agency_code, stated.name, stated.parent_code) == ("376500000A", "嘉義縣政府", "A00000000A")
    assert (stated.level, stated.active_from, stated.active_to) == (2, None, None)
    assert counts == {}


@pytest.mark.parametrize(
    ("written", "begun"), [("0990801", date(2010, 8, 1)), ("990801", date(2010, 8, 1)), ("0", None)]
)
def test_dates_with_and_without_leading_zeros(written, begun):
    stated, counts = only(government(SCHOOL | {"begun": written}))
    assert stated.active_from == begun
    assert counts == {}


def test_last_day_is_the_day_before_abolition():
    stated, _ = only(government(SCHOOL | {"abolished": "1030101", "mark": "是"}))
    assert stated.active_to == date(2013, 12, 31)


def test_abolished_without_a_date_takes_the_successors_first_day():
    stated, counts = only(government(SCHOOL | {"abolished": "0000000", "mark": "是", "successor_begun": "1030101"}))
    assert (stated.active_to, stated.abolished_undated) == (date(2013, 12, 31), False)
    assert counts == {"abolished_undated": 1}


def test_abolished_and_nobody_knows_when():
    stated, _ = only(government(SCHOOL | {"abolished": "0951131", "mark": "是"}))
    assert stated.abolished_undated


def test_a_parent_of_its_own_is_a_top():
    assert only(government(YUAN))[0].parent_code is None


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"code": "37650"}, "bad_code"),
        ({"name": ""}, "no_name"),
        ({"begun": "1101301"}, "bad_date"),
        ({"parent": "嘉義縣"}, "bad_parent"),
        ({"level": "三"}, "bad_level"),
        ({"begun": "1030101", "abolished": "1030101", "mark": "是"}, "reversed_dates"),
        ({"abolished": "1030101"}, "dated_unmarked"),
    ],
)
def test_odd_cells_are_told_once_and_the_other_rows_read(cells, kind):
    file, counts = read(government(YUAN, SCHOOL | cells, TOWN))
    assert counts == {kind: 1}
    assert {"A00000000A", "376500100A"} <= {row.agency_code for row in file.stated}


def test_the_sample_says_where():
    oddities = Oddities()
    read_register(government(YUAN, SCHOOL | {"begun": "1101301"}), "test.csv", oddities)
    (oddity,) = oddities.listed()
    assert oddity.samples == ("第 3 行 line 3 376500101X 機關生效日期 1101301",)


def test_ragged_and_blank_rows():
    data = "agency_code,name,parent_code\nA00000000A,行政院\n\n,,\n376500000A,嘉義縣政府,A00000000A,多\n".encode()
    file, counts = read(data)
    assert file.rows == 2
    assert counts == {"ragged": 2}
    assert [row.parent_code for row in file.stated] == [None, "A00000000A"]


def test_characters_beyond_the_codec_cost_only_themselves():
    data = government(COUNTY).replace("嘉義縣政府".encode("cp950"), b"\xff" + "義縣政府".encode("cp950"))
    stated, counts = only(data)
    assert stated.name == "\ufffd義縣政府"
    assert counts == {"undecodable": 1}


def test_own_columns():
    data = project(
        {
            "agency_code": "376500000A", "name": "嘉義縣政府", "parent_code": "", "level": "2",
            "active_from": "2020-01-01", "active_to": "2021/6/30", "channel": "WebITR", "expected_headcount": "350",
            "exempt_from": "2021-01-01", "exempt_to": "9999-12-31", "exempt_reason": "併入縣府",
            "reported_by": "A00000000A",
        }
    )  # fmt: skip
    file, counts = read(data)
    (stated,) = file.stated
    assert (file.kind, file.states_obligations, counts) == ("project", True, {})
    assert (stated.active_from, stated.active_to) == (date(2020, 1, 1), date(2021, 6, 30))
    assert (stated.channel, stated.expected_headcount) == ("webitr", 350)
    (exemption,) = stated.exemptions
    assert (exemption.first, exemption.last) == (date(2021, 1, 1), None)
    assert (exemption.reason, exemption.reported_by) == ("併入縣府", "A00000000A")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"channel": "webtir"}, "unfamiliar_channel"),
        ({"channel": "x" * 21}, "bad_channel"),
        ({"expected_headcount": "many"}, "bad_headcount"),
        ({"exempt_from": "2021-01-01"}, "exempt_unexplained"),
        ({"exempt_from": "2021-02-01", "exempt_to": "2021-01-01", "exempt_reason": "x"}, "exempt_reversed"),
        ({"reported_by": "縣府"}, "bad_reporter"),
        ({"active_from": "1100101"}, "bad_date"),
    ],
)
def test_odd_cells_of_own_columns(cells, kind):
    _, counts = only(project({"agency_code": "376500000A", "name": "嘉義縣政府"} | cells))
    assert counts == {kind: 1}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "無 none"),
        (b"\n\n", "無 none"),
        (b"a,b\n1,2\n", "a、b"),
        ("機關代碼,機關名稱\n".encode(), "機關代碼、機關名稱"),
        (b'{"format_version": "1.0"}', "format_version"),
        (b"PK\x03\x04\0\0", "NUL"),
        (b"\x89PNG\r\n\x1a\n", "cp950"),
        (b'agency_code,name\n"' + b"x" * 200_000, "第"),
    ],
)
def test_what_is_no_register_gives_one_clear_error(data, says):
    with pytest.raises(RegisterError, match="不是機關代碼檔 is no register") as raised:
        read(data)
    assert says in str(raised.value)
    assert raised.value.source == "test.csv"
    assert "\n" not in str(raised.value)
