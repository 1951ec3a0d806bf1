"""格式檢核 by the page and by the API: every finding in its place, nothing stored, and plain words that say so."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import func, select

from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import FINDING_SCHEMA
from checks.limits import Limits
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.format_check import SHOWN
from tests.support.installations import FIRST, PERSON, document, refused, with_error
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival


def ask(portal, *requests):
    async def all_of_them():
        async with portal:
            return [await portal.request(method, path, **more) for method, path, more in requests]

    return asyncio.run(all_of_them())


def upload(data, name="110年6月.json"):
    return "POST", "/check", {"files": {"file": (name, data, "application/json")}}


def test_the_api_says_what_the_pipeline_would_find(portal, opened):
    data = with_error(FIRST)
    (answer,) = ask(portal, ("POST", "/api/v1/check", {"content": data}))
    said = answer.json()
    (checked,) = check_documents([SubmittedDocument(data)], CheckContext(opened.today())).documents
    assert said["findings"] == checked.findings.select(*FINDING_SCHEMA).to_dicts()
    assert (said["verdict"], said["submitted"], said["month"]) == ("entered_in_part", False, "2021-06")
    assert said["counts"]["overtime"] == {"read": 1, "entered": 0, "refused": 1, "warned": 0}


@pytest.mark.parametrize(
    ("make", "verdict", "said"),
    [(document, "ok", "合格"), (with_error, "entered_in_part", "部分退件"), (refused, "refused", "整份退件")],
)
def test_the_page_says_the_verdict_and_that_nothing_was_submitted(portal, make, verdict, said):
    (page,) = ask(portal, upload(make(FIRST)))
    assert page.status_code == 200
    assert "這不是報送" in page.text
    assert f'class="result {verdict}"' in page.text
    assert said in page.text
    assert PERSON not in page.text


def test_a_finding_is_shown_with_line_pointer_value_and_what_to_do(portal):
    text = json.dumps(json.loads(with_error(FIRST)), indent=1)
    (line,) = [number for number, one in enumerate(text.splitlines(), 1) if "B223456782" in one]
    (page,) = ask(portal, upload(text.encode()))
    for part in ("R102", "/overtime/0/person_id", "B22****782", "請補列該員或更正證號", f"第 {line} 行"):
        assert part in page.text


def test_nothing_is_stored(portal, opened):
    ask(portal, upload(document(FIRST)), ("POST", "/api/v1/check", {"content": document(FIRST)}))
    assert list(opened.landing.ids()) == []
    with reading(opened.engine) as session:
        assert session.scalar(select(func.count()).select_from(Arrival)) == 0
    assert not list(opened.home.store.rglob("*.parquet"))


def test_whatever_comes_is_answered(portal):
    for data in (b"", b"noise", b"\xff\xfe", b"[" * 1000, b'{"a":'):
        answer, page = ask_twice(portal, data)
        assert answer.json()["verdict"] == "refused"
        assert page.status_code == 200


def ask_twice(portal, data):
    async def both():
        transport = portal._transport
        async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
            answer = await client.post("/api/v1/check", content=data)
            page = await client.post("/check", files={"file": ("x.json", data, "application/json")})
            return answer, page

    return asyncio.run(both())


def test_words_out_of_a_file_are_never_markup(portal):
    evil = "<script>alert(1)</script>"
    data = document(FIRST, overtime=[{"record_id": evil, "person_id": evil}], **{evil: 1})
    (page,) = ask(portal, upload(data, name=f"{evil}.json"))
    assert evil not in page.text
    assert "&lt;script&gt;" in page.text


def test_of_many_findings_the_first_are_shown_and_all_are_counted(portal):
    overtime = json.loads(with_error(FIRST))["overtime"]
    many = [{**overtime[0], "record_id": f"O-{number}"} for number in range(SHOWN + 5)]
    (page,) = ask(portal, upload(document(FIRST, overtime=many)))
    assert page.text.count('class="error"') == SHOWN
    assert f"{SHOWN + 5:,}" in page.text


def test_a_body_beyond_the_limit_is_refused_before_it_comes(opened):
    small = replace(opened, limits=Limits(max_bytes=1000))
    taken = 0

    async def endless():
        nonlocal taken
        while True:
            taken += 10_000
            yield b"x" * 10_000

    portal = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(small, PortalSettings())), base_url="http://portal.test"
    )
    answer, declared = ask(
        portal,
        ("POST", "/api/v1/check", {"content": endless()}),
        ("POST", "/check", {"content": b"x" * 200_000, "headers": {"content-type": "multipart/form-data; boundary=x"}}),
    )
    # Of strangers a length is asked for beforehand.
    assert (answer.status_code, declared.status_code) == (411, 413)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1,000" in declared.text
    assert taken == 0


def test_answers_say_what_to_do_to_people_and_to_programs(portal):
    page, problem, empty = ask(
        portal,
        ("GET", "/nowhere", {}),
        ("GET", "/api/v1/nowhere", {}),
        ("POST", "/check", {"data": {"other": "x"}}),
    )
    assert (page.status_code, problem.status_code, empty.status_code) == (404, 404, 422)
    assert "查無此頁" in page.text
    assert problem.json()["status"] == 404
    assert "請選擇一個 JSON 檔案" in empty.text


def test_every_answer_has_the_headers_that_a_browser_goes_by(portal):
    for answer in ask(portal, ("GET", "/", {}), ("GET", "/static/portal.js", {}), ("GET", "/nowhere", {})):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_needs_nothing_from_another_host(portal):
    home, css, js = ask(portal, ("GET", "/", {}), ("GET", "/static/portal.css", {}), ("GET", "/static/portal.js", {}))
    for text in (home.text, css.text, js.text):
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
    assert " style=" not in home.text
    assert " onclick" not in home.text


def test_where_findings_are_capped_page_and_api_say_how_many_there_are(portal):
    data = document(FIRST, leaves=[{}] * 500)
    page, answer = ask(portal, upload(data), ("POST", "/api/v1/check", {"content": data}))
    said = answer.json()
    listed = len(said["findings"])
    assert listed < said["total"]
    assert said["by_rule"] == {"F005": said["total"]}
    assert f"共 {said['total']:,} 件，僅列前 {SHOWN} 件" in page.text
    assert f'<td class="number">{said["total"]:,}</td>' in page.text
    assert f"{listed:,}" not in page.text
