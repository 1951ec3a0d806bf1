"""The interface for agencies' systems: tokens and their scopes, problem details, keys of retries, the Python client."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from assets.entering import enter
from checks.limits import Limits
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.client import Attendance, Refused
from tests.support.installations import FIRST, NOW, SECOND, document, refused, with_error
from tests.support.portal_country import MONTH, country, marks
from tests.support.portals import serving
from tests.support.postgres import free_port
from warehouse.access.tokens import issue_token, revoke_token
from warehouse.ledger.audit import AuditEntry
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Submission
from warehouse.receipt_signature import public_key, verify

SUBMISSIONS, MONTHS = "/api/v1/submissions", f"/api/v1/months/{MONTH}"


def token(opened, *scopes, agency=FIRST, last_day=date(2021, 12, 31), at=NOW):
    """A token's secret and its number."""
    with writing(opened.engine) as session:
        secret, issued = issue_token(session, agency, "差勤系統", scopes, last_day, actor="test", at=at)
    return secret, issued.id


def ask(portal, method, path, secret=None, **more):
    headers = {**more.pop("headers", {}), **({"authorization": f"Bearer {secret}"} if secret else {})}
    return asyncio.run(portal.request(method, path, headers=headers, **more))


def is_problem(answer, status):
    """Problem details (RFC 9457) that say what to do, in Chinese and in English."""
    said = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(said)
    assert said["status"] == status
    assert any(ord(one) > 0x2E80 for one in said["detail"])
    return said


@pytest.fixture
def submissions(opened):
    def those():
        with reading(opened.engine) as session:
            return session.query(Submission).all()

    return those


def test_a_document_is_taken_with_its_receipt(portal, opened, submissions):
    secret, number = token(opened, "submit")
    for make, verdict in ((document, "ok"), (with_error, "entered_in_part"), (refused, "refused")):
        answer = ask(portal, "POST", SUBMISSIONS, secret, content=make(FIRST))
        said = answer.json()
        assert (answer.status_code, said["new"], said["foreseen"]["verdict"]) == (201, True, verdict)
        assert said["receipt"]["state"] == "received"
        assert opened.landing.read(said["receipt"]["submission_id"]) == make(FIRST)
    again = ask(portal, "POST", SUBMISSIONS, secret, content=document(FIRST))
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert len(submissions()) == 3
    with reading(opened.engine) as session:
        actors = {row.actor for row in session.query(AuditEntry).all() if row.action == "received"}
    assert actors == {f"api:token {number}"}


def test_what_became_of_a_month_is_read(portal, opened):
    secret, _ = token(opened, "submit", "read")
    receipt = ask(portal, "POST", SUBMISSIONS, secret, content=with_error(FIRST)).json()["receipt"]
    waiting = ask(portal, "GET", MONTHS, secret).json()
    assert (waiting["waiting"], waiting["agency_code"], len(waiting["submissions"])) == (True, FIRST, 1)
    enter(opened, MONTH)
    month, findings = ask(portal, "GET", MONTHS, secret).json(), ask(portal, "GET", f"{MONTHS}/findings", secret).json()
    assert (month["waiting"], month["submissions"][0]["state"]) == (False, "entered_with_errors")
    assert [one["rule"] for one in findings["findings"]] == ["R102"]
    one = ask(portal, "GET", f"{MONTHS}/submissions/{receipt['submission_id']}", secret).json()
    assert one == month["submissions"][0]
    signed = ask(portal, "GET", f"{MONTHS}/submissions/{receipt['submission_id']}/receipt", secret).json()
    verdict = verify(signed, receipt["submission_id"], public_key(opened.receipt_key()))
    assert (verdict.holds, verdict.is_genuine) == (True, True)


def test_warnings_are_answered(portal, opened):
    held = country(opened)[FIRST]
    codes = ask(portal, "GET", "/api/v1/reason-codes", held.secret).json()
    assert {"CONFIRMED", "OTHER"} <= {one["code"] for one in codes}
    said = {"finding_keys": [held.finding], "code": "CERTIFIED"}
    answer = ask(portal, "POST", f"{MONTHS}/explanations", held.secret, json=said)
    assert (answer.status_code, answer.json()) == (200, {"number": 1})
    (finding,) = ask(portal, "GET", f"{MONTHS}/findings", held.secret).json()["findings"]
    assert finding["explanation"]["code"] == "CERTIFIED"
    for wrong, status in (
        ({**said, "finding_keys": ["no such key"]}, 404),
        ({**said, "code": "NONE"}, 422),
        ({**said, "code": "OTHER"}, 422),
        ({**said, "code": "OTHER", "text": f"員工{FIRST}已補"}, 422),
        ({**said, "finding_keys": []}, 422),
        ({"code": "CERTIFIED"}, 422),
    ):
        is_problem(ask(portal, "POST", f"{MONTHS}/explanations", held.secret, json=wrong), status)


_ENDPOINTS = (
    ("POST", SUBMISSIONS, "submit"),
    ("POST", f"{MONTHS}/explanations", "submit"),
    ("GET", MONTHS, "read"),
    ("GET", f"{MONTHS}/findings", "read"),
    ("GET", f"{MONTHS}/submissions/{'0' * 64}", "read"),
    ("GET", f"{MONTHS}/submissions/{'0' * 64}/receipt", "read"),
    ("GET", "/api/v1/reason-codes", "read"),
)


@pytest.mark.parametrize("scope", ["check", "submit", "read"])
def test_a_token_does_what_its_scopes_say(portal, opened, submissions, scope):
    secret, _ = token(opened, scope)
    for method, path, needed in _ENDPOINTS:
        answer = ask(portal, method, path, secret, content=b"{}" if method == "POST" else None)
        if scope == needed:
            assert answer.status_code in {200, 404, 422}, path
        else:
            assert needed in is_problem(answer, 403)["detail"]
    assert len(submissions()) == (scope == "submit")


def test_without_a_token_that_stands_nothing_is_answered(portal, opened, submissions):
    expired, _ = token(opened, "submit", "read", last_day=date(2021, 7, 9), at=NOW - timedelta(days=30))
    revoked, number = token(opened, "submit", "read")
    with writing(opened.engine) as session:
        revoke_token(session, FIRST, number, actor="test", at=NOW)
    for secret in (None, "att_guess", expired, revoked, revoked[:-1], f"{revoked} ", "", "x" * 10_000):
        for method, path, _ in _ENDPOINTS:
            answer = ask(portal, method, path, secret, content=document(FIRST) if method == "POST" else None)
            is_problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
    for header in ("Basic dXNlcjpwYXNz", "bearer", "Bearer", "Token att_x", "Bearer é".encode()):
        is_problem(asyncio.run(portal.get(MONTHS, headers={"authorization": header})), 401)
    good, _ = token(opened, "submit", "read")
    is_problem(ask(portal, "GET", f"{MONTHS}?access_token={good}&token={good}"), 401)
    is_problem(ask(portal, "GET", MONTHS, headers={"cookie": f"authorization=Bearer {good}"}), 401)
    assert submissions() == []


def test_a_token_lasts_through_its_last_day_in_taipei(opened):
    secret, _ = token(opened, "read", last_day=date(2021, 7, 10))
    for hours, status in ((14, 200), (15, 401)):  # 23:00 and 24:00 in Taipei
        clock = NOW + timedelta(hours=hours)
        app = create_app(replace(opened, clock=lambda at=clock: at), PortalSettings())
        portal = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8300")
        assert ask(portal, "GET", "/api/v1/reason-codes", secret).status_code == status


def test_a_token_is_of_one_agency(portal, opened, submissions):
    held = country(opened)
    before = len(submissions())
    own, other = held[FIRST], held[SECOND]
    said = is_problem(ask(portal, "POST", SUBMISSIONS, own.secret, content=document(SECOND)), 403)
    assert SECOND in said["detail"]
    for path in (f"submissions/{other.submission}", f"submissions/{other.submission}/receipt"):
        is_problem(ask(portal, "GET", f"{MONTHS}/{path}", own.secret), 404)
    answer = {"finding_keys": [other.finding], "code": "CONFIRMED"}
    is_problem(ask(portal, "POST", f"{MONTHS}/explanations", own.secret, json=answer), 404)
    mixed = {"finding_keys": [own.finding, other.finding], "code": "CONFIRMED"}
    is_problem(ask(portal, "POST", f"{MONTHS}/explanations", own.secret, json=mixed), 404)
    for path in (MONTHS, f"{MONTHS}/findings", f"{MONTHS}?agency={SECOND}", f"{MONTHS}/findings?agency_code={SECOND}"):
        read = ask(portal, "GET", path, own.secret)
        assert read.json()["agency_code"] == FIRST
        assert not any(mark in read.text for mark in (SECOND, *marks(SECOND)))
    assert len(submissions()) == before
    (finding,) = ask(portal, "GET", f"{MONTHS}/findings", other.secret).json()["findings"]
    assert finding["explanation"] is None


@pytest.mark.parametrize(
    "month", ["2021-13", "2021-00", "0000-01", "9999-12", "2021-6", "x", "2021-06%00", "２０２１-06"]
)
def test_what_is_no_month_is_a_problem(portal, opened, month):
    secret, _ = token(opened, "submit", "read")
    for path in ("", "/findings", f"/submissions/{'0' * 64}", f"/submissions/{'0' * 64}/receipt"):
        answer = ask(portal, "GET", f"/api/v1/months/{month}{path}", secret)
        is_problem(answer, answer.status_code)
        assert answer.status_code in {404, 422}


def test_a_document_that_names_no_agency_is_kept_and_said_to_be_nobodys(portal, opened, submissions):
    secret, _ = token(opened, "submit")
    for data in (b"", b"{}", b"noise"):
        said = is_problem(ask(portal, "POST", SUBMISSIONS, secret, content=data), 422)
        assert opened.landing.read(said["submission_id"]) == data
        assert said["findings"]
    assert {one.agency_code for one in submissions()} == {""}


def test_what_is_too_large_is_a_problem(opened, submissions):
    secret, _ = token(opened, "submit")
    small = create_app(replace(opened, limits=Limits(max_bytes=1000)), PortalSettings())
    portal = httpx.AsyncClient(transport=httpx.ASGITransport(small), base_url="http://127.0.0.1:8300")
    is_problem(ask(portal, "POST", SUBMISSIONS, secret, content=b"x" * 100_000), 413)
    assert submissions() == []


def test_unknown_places_and_methods_are_problems(portal, opened):
    secret, _ = token(opened, "submit", "read")
    is_problem(ask(portal, "GET", "/api/v1/nowhere", secret), 404)
    is_problem(ask(portal, "GET", "/api/v2", secret), 404)
    is_problem(ask(portal, "DELETE", MONTHS, secret), 405)
    is_problem(ask(portal, "GET", SUBMISSIONS, secret), 405)


def test_a_key_holds_retries_to_one_document(portal, opened, submissions):
    secret, _ = token(opened, "submit")
    other, _ = token(opened, "submit")

    def under(key, data, whose=secret):
        return ask(portal, "POST", SUBMISSIONS, whose, content=data, headers={"idempotency-key": key})

    first, again = under("key-1", document(FIRST)), under("key-1", document(FIRST))
    assert [one.status_code for one in (first, again)] == [201, 200]
    assert first.json()["receipt"] == again.json()["receipt"]
    assert "Idempotency-Key" in is_problem(under("key-1", with_error(FIRST)), 409)["detail"]
    assert len(submissions()) == 1
    assert under("key-2", with_error(FIRST)).status_code == 201
    assert under("key-1", refused(FIRST), other).status_code == 201  # a key is the token's own
    for key in ("", "x" * 65, "a b", "鍵".encode()):
        is_problem(under(key, document(FIRST)), 422)
    assert len(submissions()) == 3


def test_a_document_that_is_not_taken_binds_no_key(portal, opened):
    secret, _ = token(opened, "submit")
    headers = {"idempotency-key": "key"}
    is_problem(ask(portal, "POST", SUBMISSIONS, secret, content=document(SECOND), headers=headers), 403)
    assert ask(portal, "POST", SUBMISSIONS, secret, content=document(FIRST), headers=headers).status_code == 201


def test_the_same_at_once_is_one_submission(opened, submissions):
    secret, _ = token(opened, "submit")
    app = create_app(opened, PortalSettings())

    async def at_once(*documents):
        transport = httpx.ASGITransport(app)
        headers = {"authorization": f"Bearer {secret}", "idempotency-key": "at-once"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300", headers=headers) as client:
            return await asyncio.gather(*(client.post(SUBMISSIONS, content=one) for one in documents))

    same = asyncio.run(at_once(*[document(FIRST)] * 8))
    assert sorted(one.status_code for one in same) == [200] * 7 + [201]
    assert len({json.dumps(one.json()["receipt"]["submission_id"]) for one in same}) == 1
    assert len(submissions()) == 1


def test_of_two_documents_at_once_under_one_key_one_is_taken(opened, submissions):
    secret, _ = token(opened, "submit")
    port = free_port()
    with serving(opened, PortalSettings(url=f"http://127.0.0.1:{port}"), port) as url:

        def post(data):
            headers = {"authorization": f"Bearer {secret}", "idempotency-key": "one"}
            return httpx.post(f"{url}{SUBMISSIONS}", content=data, headers=headers).status_code

        with ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(post, [document(FIRST), with_error(FIRST)] * 2))
    assert sorted(codes) == [200, 201, 409, 409]
    assert len(submissions()) == 1


def test_the_client_checks_submits_and_reads(opened, served):
    secret, _ = token(opened, "submit", "read")
    with Attendance(served, secret) as attendance:
        assert attendance.check(with_error(FIRST))["verdict"] == "entered_in_part"
        taken = attendance.submit(with_error(FIRST))
        assert attendance.submit(with_error(FIRST))["new"] is False
        id_ = taken["receipt"]["submission_id"]
        assert attendance.month(MONTH)["waiting"] is True
        enter(opened, MONTH)
        assert [one["rule"] for one in attendance.findings(MONTH)["findings"]] == ["R102"]
        assert attendance.receipt(MONTH, id_)["submission_id"] == id_
        with pytest.raises(Refused, match="權杖屬") as told:
            attendance.submit(document(SECOND))
        assert told.value.status == 403
        with pytest.raises(Refused) as told:
            attendance.submit(b"noise")
        assert (told.value.status, told.value.problem["findings"][0]["severity"]) == (422, "fatal")
    with Attendance(served, "att_guess") as stranger, pytest.raises(Refused) as told:
        stranger.month(MONTH)
    assert told.value.status == 401
    assert "att_guess" not in str(told.value)


def test_the_client_answers_warnings(opened, served):
    held = country(opened)[FIRST]
    with Attendance(served, held.secret) as attendance:
        assert attendance.explain(MONTH, [held.finding], "CERTIFIED") == 1
        assert attendance.findings(MONTH)["findings"][0]["explanation"]["code"] == "CERTIFIED"


def test_the_client_waits_and_asks_again_where_there_are_too_many(opened):
    secret, _ = token(opened, "read")
    port = free_port()
    told = PortalSettings(url=f"http://127.0.0.1:{port}", requests_a_minute=1)
    with serving(opened, told, port) as url, Attendance(url, secret, attempts=1) as attendance:
        attendance.month(MONTH)
        with pytest.raises(Refused) as late:
            attendance.month(MONTH)
    assert late.value.status == 429


def test_the_client_goes_on_until_the_portal_is_there(opened):
    secret, _ = token(opened, "read")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Attendance(url, secret, attempts=1) as once, pytest.raises(httpx.TransportError):
        once.month(MONTH)
    with ThreadPoolExecutor(1) as pool, Attendance(url, secret, attempts=8, pause=0.1) as attendance:
        asked = pool.submit(attendance.month, MONTH)
        with serving(opened, PortalSettings(url=url), port):
            assert asked.result(60)["agency_code"] == FIRST


def test_the_page_shows_how_and_gives_the_client_away(portal, opened):
    page = ask(portal, "GET", "/api").text
    for part in ("curl", "Idempotency-Key", "client.py", "/api/v1/openapi.json", "Bearer $TOKEN"):
        assert part in page
    given = ask(portal, "GET", "/api/client.py")
    assert given.text == (Path(__file__).parents[2] / "portal" / "client.py").read_text(encoding="utf-8")
    compile(given.text, "client.py", "exec")
    assert "import warehouse" not in given.text


def test_openapi_says_who_may_and_what_problems_there_are(portal, opened):
    said = ask(portal, "GET", "/api/v1/openapi.json").json()
    assert said["openapi"].startswith("3.")
    for path, methods in said["paths"].items():
        assert path.startswith("/api/v1/"), "pages are no part of the interface"
        for one in methods.values():
            assert {"401", "403", "413", "415", "422", "429", "503"} <= set(one["responses"])
            for status, response in one["responses"].items():
                if status >= "400":
                    assert set(response["content"]) == {"application/problem+json"}
            assert ("security" in one) == (path != "/api/v1/check")
