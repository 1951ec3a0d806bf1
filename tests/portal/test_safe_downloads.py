"""Safe: what is downloaded runs nothing, whatever stood in the file, the register or an explanation."""

import asyncio
import io
import json
import zipfile
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from odf import table, teletype
from odf.opendocument import load

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from tests.support.installations import FIRST, document
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency

MONTH = "2021-06"
FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    '=HYPERLINK("http://evil.example","x")',
    "http://evil.example",
    "=IMPORTXML(1)",
)


def of_formulas():
    """A document whose records are called like formulas, some entered with a warning and some refused."""
    said = json.loads(document(FIRST))
    leave, hours = said["leaves"][0], said["overtime"][0]
    days = [f"{MONTH}-{day:02}T" for day in range(1, len(FORMULAS) + 1)]
    warned = [
        {**leave, "record_id": one, "leave_type": "09", "start": f"{day}08:30", "end": f"{day}17:30"}
        for day, one in zip(days, FORMULAS, strict=True)
    ]
    faulty = [{**hours, "record_id": f"{one}!", "person_id": "B223456782"} for one in FORMULAS]
    more = {"produced_by": {"system": "=1+1", "version": "@x"}, "leaves": warned, "overtime": faulty}
    return json.dumps({**said, **more}, ensure_ascii=False).encode()


@pytest.fixture
def books(opened, as_):
    """The two files of the month's findings; each warning explained by a formula."""
    with writing(opened.engine) as session:
        session.query(Agency).filter_by(agency_code=FIRST).one().name = "=1+1 機關"
    hand_in(opened, [HandedIn("=cmd.json", of_formulas())])
    enter(opened, MONTH)
    client = as_("head")

    async def asked():
        form = {"rule": "W208", "code": "OTHER", "text": "=cmd|' /C calc'!A0"}
        answered = await client.post(f"/agencies/{FIRST}/{MONTH}/explanations", data=form)
        assert answered.status_code == 303
        return {one: await client.get(f"/agencies/{FIRST}/{MONTH}/findings.{one}") for one in ("xlsx", "ods")}

    return asyncio.run(asked())


def test_no_cell_of_the_xlsx_is_a_formula_or_a_link(books):
    answer = books["xlsx"]
    assert answer.headers["content-disposition"].startswith("attachment; ")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert b"<f>" not in data
            assert b"<hyperlink" not in data
            assert b"externalLink" not in data
        assert not any("vba" in name.lower() for name in archive.namelist())
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    texts = {str(cell.value).replace("_x000D_", "\r").replace("_x0009_", "\t") for cell in cells}
    assert "OTHER =cmd|' /C calc'!A0" in texts
    assert any("=1+1 機關" in text for text in texts)
    assert len({one for one in FORMULAS if any(one.strip() in text for text in texts)}) == len(FORMULAS)


def test_no_cell_of_the_ods_is_a_formula_or_a_link(books):
    answer = books["ods"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        content = archive.read("content.xml")
        assert not any(name.startswith(("Scripts", "Basic")) for name in archive.namelist())
    assert b"table:formula" not in content
    assert b"text:a " not in content
    assert b"<script" not in content
    ET.fromstring(content)
    cells = load(io.BytesIO(answer.content)).spreadsheet.getElementsByType(table.TableCell)
    found = {teletype.extractText(cell): cell.getAttribute("valuetype") for cell in cells}
    formulas = {text: kind for text, kind in found.items() if text.startswith(("=", "+", "-", "@"))}
    assert formulas
    assert set(formulas.values()) == {"string"}


def test_a_receipt_is_json_and_a_file_to_keep(opened, as_):
    (one,) = hand_in(opened, [HandedIn("<script>.json", of_formulas())])
    answer = asyncio.run(as_("head").get(f"/agencies/{FIRST}/{MONTH}/submissions/{one.submission_id}/receipt.json"))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="receipt-')
    assert "script" not in answer.text
