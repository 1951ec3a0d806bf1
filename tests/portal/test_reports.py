"""報表: who sees which rows, by which filters, as of when; a ratio opened; the same rows in each file."""

import asyncio
import csv
import io
import re
from dataclasses import replace

import openpyxl
import pypdfium2
import pytest
from odf import table as odf_table
from odf import teletype
from odf.opendocument import load

from assets import report_pdf
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.report_kinds import COLUMNS
from assets.report_words import in_words, shown
from pipelines.resources import platform
from pipelines.settings import Settings
from portal.pages import reports as pages
from tests.portal.conftest import PEOPLE
from tests.support.installations import (
    AUTHORITY,
    FIRST,
    NOW,
    SECOND,
    THIRD,
    MadeOnce,
    document,
    installation,
    with_error,
)
from tests.support.world import taipei
from warehouse.reports.query import report_frame, report_frame_as_of
from warehouse.reports.selection import REPORTS
from warehouse.tables import TABLES

REPORTS_SHOWN = ["monthly-counts", "summary", "submission-ratios", "due-months", "client-versions"]
SUFFIXES = ["csv", "xlsx", "ods", "pdf"]
#: Account → what of the frame is theirs: (the agency filter, own rows alone).
SEES = {
    "operator": (None, False),
    "authority": (AUTHORITY, False),
    "certificate": (FIRST, True),
    "head": (FIRST, True),
    "submitter": (FIRST, True),
    "viewer": (FIRST, True),
    "elsewhere": (SECOND, True),
}
#: What a spreadsheet would run, in a place that a document may fill.
FORMULA = '=HYPERLINK("http://evil.example")'


@pytest.fixture(scope="module")
def two_months(tmp_path_factory):
    def filled(home):
        made = installation(home)
        fill(made)
        made.engine.dispose()

    return MadeOnce(tmp_path_factory.mktemp("two_months") / "home", filled)


@pytest.fixture
def opened(request, opened, two_months):
    """Empty, but where the test asks for what is published."""
    if "published" not in request.fixturenames:
        yield opened
        return
    with two_months.brought_back() as home:
        made = platform(Settings(home=home), actor="test", clock=lambda: NOW)
        yield made
        made.engine.dispose()


@pytest.fixture
def published(opened):
    """An installation as `fill` leaves it."""
    return opened


def fill(opened):
    """May: the authority and the first on time, the second late, the third never; June: the first, with an error."""
    odd = {"produced_by": {"system": FORMULA, "version": "1.0"}}
    may = [document(AUTHORITY, "2021-05"), with_error(FIRST, "2021-05")]
    for at, documents in {
        "2021-06-10 09:00": may,
        "2021-07-05 09:00": [document(SECOND, "2021-05"), document(FIRST, "2021-06", **odd)],
    }.items():
        then = replace(opened, clock=lambda at=at: taipei(at))
        hand_in(then, [HandedIn("x.json", data) for data in documents])
        for month in ("2021-05", "2021-06"):
            enter(then, month)
    publish_now(opened, ())


def get(client, path):
    return asyncio.run(client.get(path))


def rows_of(answer):
    """The cells of the page's own table, as its text."""
    body = re.findall(r"<tbody>(.*?)</tbody>", answer.text, re.DOTALL)[-1]
    cells = [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]
    rows = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]
    return [] if rows and len(rows[0]) == 1 else rows


def expected(frame, table, who):
    """The same from the frame of the command line."""
    _, alone = SEES[who]
    if alone and "scope" in frame:
        frame = frame[frame["scope"] == "agency"]
    return sorted(
        [_cell(name, row[name]) for name in COLUMNS[table]]
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    )


def _cell(name, value):
    if value is None:
        return "—無 none"
    text = shown(name, value.to_pydatetime() if hasattr(value, "to_pydatetime") else value)
    return (
        f"{text} %"
        if name.endswith("_ratio")
        else text.replace('=HYPERLINK("', "=HYPERLINK(&#34;").replace('")', "&#34;)")
    )


@pytest.mark.parametrize("who", SEES)
def test_each_sees_their_own_rows_and_no_others(as_, published, who):
    client, (of, _) = as_(who), SEES[who]
    for report in REPORTS_SHOWN:
        table = report.replace("-", "_")
        answer = get(client, f"/reports/{report}?year=2021")
        assert answer.status_code == 200, answer.text
        frame = report_frame(published.home, table, 2021, None, of)
        assert sorted(rows_of(answer)) == expected(frame, table, who), report
        assert rows_of(answer) or (who, report) == ("elsewhere", "summary") or table == "x"


def test_who_is_authorised_to_nothing_sees_none(as_, published):
    for path in ("", *(f"/{one}" for one in REPORTS_SHOWN), "/summary.csv"):
        assert get(as_("stranger"), f"/reports{path}").status_code == 403


@pytest.mark.parametrize("who", [who for who in PEOPLE if who not in {"operator", "authority", "stranger"}])
def test_anothers_agency_is_refused(as_, published, who):
    other = AUTHORITY, THIRD, FIRST if who == "elsewhere" else SECOND
    for code in other:
        for report in REPORTS_SHOWN:
            for suffix in ("", ".csv"):
                answer = get(as_(who), f"/reports/{report}{suffix}?year=2021&authority={code}")
                assert answer.status_code == 403
                assert f"機關 {code}" not in answer.text


def test_an_agency_with_others_below_has_its_own_rows_alone(portal, published):
    """A viewer of the authority is not the authority: what is rolled up there is others' too."""
    from tests.portal.conftest import sign_in  # noqa: PLC0415

    cookie, _ = sign_in(published, "clerk", "viewer", AUTHORITY)
    portal.cookies.set("attendance", cookie)
    for report in ("submission-ratios", "summary"):
        for query in ("", f"&authority={AUTHORITY}"):
            rows = rows_of(get(portal, f"/reports/{report}?year=2021{query}"))
            assert {(row[0], row[1]) for row in rows} == {("機關", AUTHORITY)}


def test_by_month_and_agency(as_, published):
    client = as_("operator")
    rows = rows_of(get(client, f"/reports/monthly-counts?year=2021&m=6&authority={FIRST}"))
    assert {(row[0], row[2]) for row in rows} == {(FIRST, "110年6月")}
    assert [row[3] for row in rows] == ["刷卡", "員工", "請假", "加班"]


def test_a_ratio_opens_down_to_its_agency_months(as_, published):
    client = as_("authority")
    page = get(client, "/reports/submission-ratios?year=2021&scope=authority").text
    below = re.search(rf'href="(/reports/submission-ratios\?[^"]*authority={AUTHORITY}[^"]*)"', page)[1].replace(
        "&amp;", "&"
    )
    agencies = get(client, below)
    assert {row[1] for row in rows_of(agencies)} == {AUTHORITY, FIRST, SECOND, THIRD}
    links = [one.replace("&amp;", "&") for one in re.findall(r'href="(/reports/due-months\?[^"]*)"', agencies.text)]
    own = next(one for one in links if f"authority={SECOND}" in one and "alone=1" in one and "outcome" not in one)
    months = get(client, own)
    assert [(row[2], row[7]) for row in rows_of(months)] == [("110年5月", "逾期"), ("110年6月", "期限未到")]
    assert f'href="/agencies/{SECOND}/2021-05"' in months.text
    assert "0.00 %" in months.text  # on time: none of one
    late = get(client, f"/reports/due-months?year=2021&authority={AUTHORITY}&outcome=missing")
    assert [(row[0], row[2]) for row in rows_of(late)] == [(THIRD, "110年5月")]


def test_no_ratio_is_a_dash_and_never_nought(as_, published):
    (row,) = rows_of(get(as_("elsewhere"), "/reports/submission-ratios?year=2021"))
    assert row[COLUMNS["submission_ratios"].index("correction_ratio")] == "—無 none"


@pytest.mark.parametrize("report", REPORTS_SHOWN)
def test_as_of_a_moment(as_, published, report):
    table = report.replace("-", "_")
    answer = get(as_("operator"), f"/reports/{report}?year=2021&as_of=2021-06-25T09:00")
    assert "110-06-25 09:00" in answer.text
    then = report_frame_as_of(published.home, published.engine, table, 2021, as_of=taipei("2021-06-25 09:00"))
    assert sorted(rows_of(answer)) == expected(then, table, "operator")
    assert sorted(rows_of(answer)) != expected(report_frame(published.home, table, 2021), table, "operator")
    (own, *_) = [get(as_("elsewhere"), f"/reports/{report}?year=2021&as_of=2021-06-25T09:00")]
    assert FIRST not in own.text


def test_a_past_is_built_once_and_closed_when_it_is_not_kept(as_, published):
    client = as_("operator")
    sources = portal_sources(client)
    for hour in (9, 9, 10, 11, 12):
        assert get(client, f"/reports/summary?year=2021&as_of=2021-06-25T{hour:02}:00").status_code == 200
    assert len(sources._pasts) == 3
    kept = list(sources._pasts.values())[-1]
    get(client, "/reports/summary?year=2021&as_of=2021-06-25T12:00")
    assert list(sources._pasts.values())[-1] is kept
    get(client, "/reports/summary?year=2021&as_of=2021-07-10T08:58")  # two minutes before the clock's now
    assert list(sources._pasts.values())[-1] is kept


def portal_sources(client):
    app = client._transport.app
    while not hasattr(app, "state"):
        app = app._app
    return app.state.desk.reports


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("as_of=yesterday", 422, "YYYY-MM-DDThh:mm"),
        ("as_of=2021-08-01T00:00", 422, "時點尚未到來"),
        ("as_of=0001-01-01T00:00%2B08:00", 422, "YYYY-MM-DDThh:mm"),
        ("m=13", 422, "欄位不正確"),
        ("year=1", 422, "欄位不正確"),
        ("authority=<b>x", 422, "欄位不正確"),
        ("authority=9999999999", 404, "機關代碼檔沒有這個機關"),
        ("outcome=<b>", 422, "欄位不正確"),
        ("page=0", 422, "欄位不正確"),
    ],
)
def test_what_is_no_filter_is_told_and_not_repeated(as_, published, query, status, words):
    answer = get(as_("operator"), f"/reports/monthly-counts?{query}")
    assert answer.status_code == status
    assert words in answer.text
    assert "<b>" not in answer.text
    assert "yesterday" not in answer.text
    assert get(as_("operator"), "/reports/no-such-report").status_code == 422


def test_before_anything_is_published(as_):
    client = as_("operator")
    for report in REPORTS_SHOWN:
        answer = get(client, f"/reports/{report}")
        assert answer.status_code == 200
        assert "尚未發布" in answer.text
        assert get(client, f"/reports/{report}.xlsx").status_code == 404


def test_pages_hold_every_row_once(as_, published, monkeypatch):
    client = as_("operator")
    whole = rows_of(get(client, "/reports/summary?year=2021"))
    monkeypatch.setattr(pages, "PAGE", 4)
    place, seen = "/reports/summary?year=2021", []
    while place:
        answer = get(client, place)
        seen += rows_of(answer)
        following = re.search(r'href="([^"]+)" rel="next"', answer.text)
        place = following[1].replace("&amp;", "&") if following else None
    assert seen == whole
    assert len(whole) > 8


def read_back(suffix, data):
    """Heading and rows of a file, as text."""
    if suffix == "csv":
        assert data.startswith(b"\xef\xbb\xbf")
        head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    elif suffix == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d", "inlineStr"}
        head, *rows = ([cell.value for cell in row] for row in sheet.iter_rows())
    else:
        found = load(io.BytesIO(data)).getElementsByType(odf_table.TableRow)
        head, *rows = ([teletype.extractText(c) for c in row.getElementsByType(odf_table.TableCell)] for row in found)
    return head, rows


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "ods"])
@pytest.mark.parametrize("report", REPORTS_SHOWN)
@pytest.mark.parametrize("who", ["operator", "authority", "viewer"])
def test_files_hold_the_same_rows_in_words(as_, published, who, report, suffix):
    table, (of, alone) = report.replace("-", "_"), SEES[who]
    answer = get(as_(who), f"/reports/{report}.{suffix}?year=2021")
    assert answer.status_code == 200
    assert f"{TABLES[f'reports.{table}'].title}-2021.{suffix}" in _named(answer)
    head, rows = read_back(suffix, answer.content)
    assert head == list(TABLES[f"reports.{table}"].headings.values())
    frame = report_frame(published.home, table, 2021, None, of)
    if alone and "scope" in frame:
        frame = frame[frame["scope"] == "agency"]
    key = next(name for name in ("dataset", "leave_type", "outcome", "system", "scope") if name in frame)
    keys = sorted(in_words(key, value) for value in frame[key])
    place = list(TABLES[f"reports.{table}"].headings).index(key)
    guard = "'" if suffix == "csv" else ""
    assert sorted(row[place] for row in rows) == sorted(guard + one if one.startswith("=") else one for one in keys)


def _named(answer):
    from urllib.parse import unquote  # noqa: PLC0415

    return unquote(answer.headers["content-disposition"])


def test_a_pdf_says_of_what_and_as_of_when_and_numbers_its_pages(as_, published):
    answer = get(
        as_("operator"), f"/reports/submission-ratios.pdf?year=2021&authority={AUTHORITY}&as_of=2021-07-08T09:00"
    )
    assert answer.headers["content-type"] == "application/pdf"
    read = pypdfium2.PdfDocument(answer.content)
    text = "".join(page.get_textpage().get_text_bounded() for page in read)
    for words in (
        "機關報送比例表",
        "110年",
        f"機關 {AUTHORITY}",
        "截至 110-07-08 09:00",
        "第 1 頁／共 1 頁",
        "機關報送率",
        "75.00",
    ):
        assert words in text
    width, height = read[0].get_size()
    assert width > height
    assert len(answer.content) < 200_000


def test_a_pdf_of_too_many_rows_says_what_to_take(as_, published, monkeypatch):
    monkeypatch.setattr(report_pdf, "MOST_ROWS", 3)
    answer = get(as_("operator"), "/reports/summary.pdf?year=2021")
    assert answer.status_code == 413
    assert "XLSX" in answer.text


def test_every_report_but_the_status_has_a_page():
    assert set(REPORTS) - {one.replace("-", "_") for one in REPORTS_SHOWN} == {"submission_status"}
