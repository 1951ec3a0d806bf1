"""Safe: what every answer says to a browser, forms from elsewhere, cookies, hosts, methods, markup, logs.

Uploads are in test_safe_uploads.py, downloads in test_safe_downloads.py, who may what in test_every_role.py.
"""

import asyncio
import logging
from dataclasses import replace
from datetime import date
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.words import file_name
from tests.portal.test_every_role import PAGES, PUBLIC, SCOPED, SIGNED_IN, form_of, place
from tests.support.installations import FIRST, NOW, SECOND, document
from tests.support.portal_country import MONTH
from tests.support.portal_routes import routes_of
from warehouse.access.authorisations import Wanted, authorise
from warehouse.access.certificates import subject_of
from warehouse.access.sessions import begin_session
from warehouse.ledger.access import Authorisation, PortalSession
from warehouse.ledger.audit import AuditEntry
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Submission

#: Forms without a session to protect: nothing is stored, or nobody is signed in yet.
WITHOUT_SESSION = {("POST", "/check"), ("POST", "/sign-in/certificate")}
BY_TLS = "https://portal.example.gov.tw"
PROXY = "127.0.0.2"
CERTIFICATE = "CN=機關憑證"


@pytest.fixture
def opened(settled):
    return settled


@pytest.fixture
def held(country_home):
    return country_home[1]


def send(client, method, path, **more):
    return asyncio.run(client.request(method, path, **more))


def client_of(opened, *, settings=None, client=("127.0.0.1", 9), **more):
    """A client that sees the portal's own faults as a browser would."""
    app = create_app(opened, settings or PortalSettings())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=client)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300", **more)


def written(opened):
    """How much stands in the ledger that a form could have written."""
    with reading(opened.engine) as session:
        kinds = (AuditEntry, Submission, Authorisation, PortalSession)
        return [session.scalar(select(func.count()).select_from(kind)) for kind in kinds]


def test_every_answer_says_to_browsers_what_they_may(as_, opened, held):
    client = as_("operator")
    everything = [*PUBLIC, *SIGNED_IN, *SCOPED, *PAGES]
    asked = [(method.replace("*", "GET"), place(path, held[FIRST])) for method, path in everything]
    asked += [("GET", "/static/portal.css"), ("GET", "/nowhere"), ("DELETE", "/"), ("GET", "/api/v1/nowhere")]
    seen = set()
    for method, path in asked:
        if path == "/sign-out":
            continue
        answer = send(client, method, path)
        seen.add(answer.status_code)
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        everybodys = path.startswith(("/static/", "/format/", "/manual/"))
        assert answer.headers["cache-control"] == ("no-cache" if everybodys else "no-store"), path
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        if answer.content and answer.status_code != 303:
            assert "charset" in answer.headers["content-type"] or "text" not in answer.headers["content-type"]
    assert seen >= {200, 303, 401, 404, 405, 422}


def test_by_tls_browsers_come_by_nothing_else(opened):
    assert "strict-transport-security" not in send(client_of(opened), "GET", "/").headers
    for path in ("/", "/nowhere", "/static/portal.css"):
        answer = send(client_of(opened, settings=PortalSettings(url=BY_TLS)), "GET", path)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_no_page_has_a_script_or_style_in_it(as_, held):
    client = as_("head")
    for method, path in [*PAGES, *SIGNED_IN, *PUBLIC]:
        if method != "GET" or path in {"/sign-in/start", "/api/client.py"}:
            continue
        page = send(client, "GET", place(path, held[FIRST]))
        if page.headers.get("content-type", "").startswith("text/html"):
            for part in (" style=", "<style", "javascript:", " onclick", " onload", "<script>", "http://www"):
                assert part not in page.text, path


def posts(opened):
    return {
        (method, path)
        for method, path in routes_of(create_app(opened, PortalSettings()))
        if method not in {"GET", "*"} and not path.startswith("/api/v1/")
    }


def test_a_form_from_anywhere_else_does_nothing(as_, people, opened, held):
    """Each route that changes anything: no token, a wrong one, another session's, and the right one from elsewhere."""
    client = as_("head")
    right, others = people["head"][1], people["elsewhere"][1]
    before, tried = written(opened), 0
    for method, path in posts(opened) - WITHOUT_SESSION:
        address = place(path, held[FIRST])
        form = form_of(PAGES[method, path], held[FIRST]) if (method, path) in PAGES else {}
        for token, origin in (
            (None, None),
            ("", None),
            ("guessed", None),
            ("中文", None),
            (others, None),
            (right, "https://evil.example"),
            (right, "null"),
            (right, "http://127.0.0.1:8301"),
        ):
            client.headers.pop("x-csrf-token", None)
            headers = {} if origin is None else {"origin": origin}
            data = form if token is None else {**form, "csrf": token}
            files = {"file": ("x.json", document(FIRST, produced_at="2021-07-09T09:00:00+08:00"))}
            more = {"files": files} if path == "/submit" else {}
            answer = send(client, method, address, data=data, headers=headers, **more)
            assert answer.status_code == 403, (path, token, origin)
            tried += 1
    assert tried == 8 * len(posts(opened) - WITHOUT_SESSION)
    assert written(opened) == before
    client.headers["origin"] = "http://127.0.0.1:8300"
    assert send(client, "POST", "/sign-out", data={"csrf": right}).status_code == 200


def test_nothing_is_changed_by_get(as_, opened, held):
    client = as_("head")
    before = written(opened)
    for method, path in posts(opened):
        answer = send(client, "GET", place(path, held[FIRST]))
        assert answer.status_code in {200, 405}, (method, path)
        if answer.status_code == 405:
            assert "<h1>不支援的方法" in answer.text
    assert written(opened) == before


@pytest.mark.parametrize("name", ["x-http-method-override", "x-method-override", "x-http-method"])
def test_a_method_is_what_the_request_line_says(as_, opened, held, name):
    client = as_("head")
    path = f"/agencies/{FIRST}/tokens/{held[FIRST].token}/revoke"
    before = written(opened)
    for method in ("DELETE", "POST"):
        assert send(client, "GET", path, headers={name: method}).status_code == 405
        assert send(client, "GET", f"{path}?_method={method}").status_code == 405
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"):
        assert send(client, method, path, headers={name: "POST"}).status_code == 405
    assert written(opened) == before


def by_certificate(opened, url, **more):
    """A browser in front of a proxy that has verified the agency's certificate."""
    told = PortalSettings(url=url, proxies=PROXY)
    headers = {"X-Agency-Certificate": CERTIFICATE.encode(), "Origin": url}
    with writing(opened.engine) as session:
        account = subject_of(CERTIFICATE).account
        wanted = Wanted(account, "機關憑證", "agency", FIRST, date(2021, 1, 1), None, "首次")
        authorise(session, wanted, actor="test", at=NOW)
    return client_of(opened, settings=told, client=(PROXY, 9), headers=headers, **more)


@pytest.mark.parametrize(("url", "name"), [(BY_TLS, "__Host-attendance"), ("http://127.0.0.1:8300", "attendance")])
def test_the_sessions_cookie_is_for_this_portal_alone(opened, url, name):
    answer = send(by_certificate(opened, url), "POST", "/sign-in/certificate")
    said = answer.headers["set-cookie"]
    parts = [part.strip() for part in said.split(";")]
    assert parts[0].split("=")[0] == name
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(parts)
    assert ("Secure" in parts) is url.startswith("https")
    assert not any(part.startswith(("Domain", "Max-Age", "expires")) for part in parts)
    assert len(parts[0].split("=")[1]) == 43  # 256 bits


def test_a_session_that_was_planted_is_not_the_one_begun(opened):
    with writing(opened.engine) as session:
        planted, _ = begin_session(session, "attacker", "某人", at=NOW)
    for before in (planted, "made-up"):
        browser = by_certificate(opened, "http://127.0.0.1:8300", cookies={"attendance": before})
        answer = send(browser, "POST", "/sign-in/certificate")
        assert answer.status_code == 303
        assert before not in answer.headers["set-cookie"]
        stolen = client_of(opened, cookies={"attendance": before})
        assert send(stolen, "GET", "/agencies").status_code == 303


def test_after_signing_out_the_cookie_is_worth_nothing(as_, people):
    client = as_("head")
    answer = send(client, "POST", "/sign-out")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    client.cookies.set("attendance", people["head"][0])
    assert send(client, "GET", "/agencies").status_code == 303


HOSTS = ("evil.example", "evil.example:80", "127.0.0.1:8300@evil.example", "[evil", "evil/api/", "a b", "")


def test_the_host_of_a_request_is_never_believed(as_, held):
    client = as_("head")
    for host in HOSTS:
        for path in ("/", "/agencies/", "/agencies", "/static", "/nowhere", "/api", f"/agencies/{FIRST}/", "/check/"):
            for more in ({"host": host}, {"x-forwarded-host": host}, {"forwarded": f"host={host}"}):
                answer = send(client, "GET", path, headers=more)
                assert answer.status_code < 500
                said = answer.headers.get("location", "/")
                assert said.startswith("/"), (host, path)
                assert not said.startswith("//")
                assert "evil" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/%00",
        "/static/portal.css%00.html",
        "/static/" + "x" * 5000,
        "/static/",
        "/static/../templates/base.html",
        "/api/../app.py",
    ],
)
def test_static_files_are_those_of_their_folder(opened, path):
    answer = send(client_of(opened), "GET", path)
    assert answer.status_code == 404
    assert "create_app" not in answer.text
    assert "root:" not in answer.text


EVIL = "<img src=x onerror=alert(1)>\"'"


def test_what_is_wrong_with_a_request_is_said_without_repeating_it_as_markup(as_, held):
    client = as_("head")
    month = f"/agencies/{FIRST}/{MONTH}"
    answers = [
        send(client, "GET", f"/{EVIL}"),
        send(client, "GET", f"/agencies/{EVIL}"),
        send(client, "GET", f"/agencies/{FIRST}/{EVIL}"),
        send(client, "GET", "/agencies", params={"q": EVIL, "show": EVIL, "page": "2"}),
        send(client, "GET", "/agencies", params={"year": EVIL}),
        send(client, "GET", "/check", params={"month": EVIL}),
        send(client, "GET", month, params={"rule": EVIL, "by": EVIL}),
        send(client, "GET", month, params={"rule": EVIL}),
        send(client, "GET", f"{month}/changes", params={"before": EVIL}),
        send(client, "GET", f"{month}/findings.{EVIL}"),
        send(client, "GET", f"{month}/submissions/{EVIL}"),
        send(client, "GET", f"{month}/submissions/{EVIL}/receipt.json"),
        send(client, "POST", f"{month}/explanations", data={"rule": held[FIRST].rule, "code": EVIL, "text": EVIL}),
        send(client, "POST", f"/agencies/{FIRST}/authorisations", data={EVIL: EVIL, "role": EVIL}),
        send(client, "POST", f"/agencies/{FIRST}/tokens", data={"label": EVIL, "last_day": "2021-12-31"}),
        send(client, "GET", "/sign-in/back", params={"error": EVIL, "error_description": EVIL}),
        send(client, "IMG", "/"),
    ]
    for answer in answers:
        assert answer.status_code < 500 or answer.request.url.path == "/sign-in/back", answer.request.url
        assert "<img" not in answer.text, answer.request.url
        assert answer.headers["content-type"].split(";")[0] in {"text/html", "application/json"}


def test_what_people_write_is_shown_as_they_wrote_it_and_never_as_markup(as_, held):
    client = as_("head")
    month = f"/agencies/{FIRST}/{MONTH}"
    granted = {"account": "<b>new</b>", "holder": EVIL, "role": "viewer", "first_day": "2021-07-01", "reason": EVIL * 2}
    granted["reason"] = f"因{granted['reason'][:20]}"
    sent = (
        (f"/agencies/{FIRST}/authorisations", granted, f"/agencies/{FIRST}/authorisations"),
        (f"/agencies/{FIRST}/tokens", {"label": EVIL, "last_day": "2021-12-31", "scopes": "read"}, None),
        (f"{month}/explanations", {"rule": held[FIRST].rule, "code": "OTHER", "text": EVIL}, month),
    )
    for place_, form, shown in sent:
        answer = send(client, "POST", place_, data=form)
        assert answer.status_code in {200, 303}
        page = send(client, "GET", shown) if shown else answer
        assert "<img" not in page.text
        assert "&lt;img src=x" in page.text


@pytest.mark.parametrize("number", ["0", "-1", "99999999999", "9" * 400, "1.5", "x", "٣"])
def test_a_number_that_no_row_can_have_is_an_answer_and_no_fault(as_, number):
    client = as_("head")
    for path in (f"/agencies/{FIRST}/tokens/{number}/revoke", f"/agencies/{FIRST}/authorisations/{number}/withdraw"):
        assert send(client, "POST", path, data={"reason": "離職"}).status_code in {404, 422}


STRANGE = (
    "\0",
    "\ud800",
    "x" * 100_000,
    "\u202e",
    "A123456789",
    "'; DROP TABLE portal_sessions; --",
    "{{7*7}}",
    "%n%s",
)


def test_strange_text_in_any_field_is_an_answer_and_no_fault(opened, people, held):
    cookie, csrf = people["head"]
    client = client_of(opened, cookies={"attendance": cookie}, headers={"x-csrf-token": csrf})
    for (method, path), page in PAGES.items():
        for name in page.form:
            for strange in STRANGE:
                form = {**form_of(page, held[FIRST]), name: strange.encode("utf-8", "surrogatepass")}
                answer = send(client, method, place(path, held[FIRST]), data=form)
                assert answer.status_code in {200, 303, 403, 404, 422}, (path, name, strange[:10])
    for strange in STRANGE:
        for params in ({"q": strange[:80]}, {"year": strange}, {"page": strange}, {"show": strange}):
            query = "&".join(f"{name}={quote(one.encode('utf-8', 'surrogatepass'))}" for name, one in params.items())
            assert send(client, "GET", f"/agencies?{query[:9000]}").status_code in {200, 422}


def test_a_files_name_is_shown_as_it_is():
    assert file_name("報送\u202enosj.exe") == "報送�nosj.exe"
    assert file_name("a\0b\nc\u2066") == "a�b�c�"
    assert len(file_name("x" * 5000)) == 121
    assert file_name("110年6月 報送.json") == "110年6月 報送.json"


def broken(opened):
    """An installation whose ledger has lost a table."""
    with opened.engine.begin() as connection:
        connection.execute(text("DROP TABLE portal_sessions"))
    return opened


def test_a_fault_of_ours_is_an_answer_that_says_nothing_of_it(opened, held):
    client = client_of(broken(opened), cookies={"attendance": "x" * 43})
    page = send(client, "GET", "/")
    assert (page.status_code, page.headers["x-content-type-options"]) == (500, "nosniff")
    assert "已記錄，請稍後再試" in page.text
    with opened.engine.begin() as connection:
        connection.execute(text("DROP TABLE api_token_revocations"))
    headers = {"authorization": f"Bearer {held[FIRST].secret}"}
    problem = send(client, "GET", f"/api/v1/months/{MONTH}", headers=headers)
    assert problem.status_code == 500
    assert problem.headers["content-type"] == "application/problem+json"
    for answer in (page, problem):
        for word in ("Traceback", "sqlite", "portal_sessions", "no such table", "SELECT"):
            assert word not in answer.text


def test_a_ledger_without_room_is_said_to_be_for_later(opened, people):
    """A disk that is full, as SQLite sees it."""
    cookie, csrf = people["head"]
    client = client_of(opened, cookies={"attendance": cookie}, headers={"x-csrf-token": csrf})
    event.listen(opened.engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=1"))
    opened.engine.dispose()
    form = {"label": "系" * 80, "last_day": "2021-12-31", "scopes": ["read"]}
    for _ in range(300):
        answer = send(client, "POST", f"/agencies/{FIRST}/tokens", data=form)
        if answer.status_code != 200:
            break
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "請稍後再試" in answer.text
    assert str(opened.home.root) not in answer.text


@pytest.fixture
def lines():
    """Everything that anything logs, at whatever level."""
    kept = []

    class Kept(logging.Handler):
        def emit(self, record):
            kept.append(f"{record.getMessage()} {record.__dict__} {self.format(record)}")

    handler, loggers = Kept(logging.DEBUG), [logging.getLogger(name) for name in ("", "attendance", "uvicorn.error")]
    levels = [(one, one.level) for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.DEBUG)
    yield kept
    for one, level in levels:
        one.removeHandler(handler)
        one.setLevel(level)


def test_no_secret_and_nobodys_name_gets_into_a_log(opened, people, held, lines):
    cookie, csrf = people["head"]
    client = client_of(opened, cookies={"attendance": cookie}, headers={"x-csrf-token": csrf})
    token = held[FIRST].secret
    api = {"authorization": f"Bearer {token}"}
    send(client, "GET", f"/agencies/{FIRST}")
    form = {"label": "差勤", "last_day": "2021-12-31", "scopes": "read"}
    issued = send(client, "POST", f"/agencies/{FIRST}/tokens", data=form)
    said = issued.text.partition("<code>att_")[2].partition("<")[0]
    form = {"account": "new", "holder": "孫新人", "role": "viewer", "first_day": "2021-07-01", "reason": "測試"}
    send(client, "POST", f"/agencies/{FIRST}/authorisations", data=form)
    data = document(FIRST, produced_at="2021-07-09T09:00:00+08:00")
    send(client, "POST", "/submit", files={"file": ("王小明 A123456789.json", data)})
    send(client, "POST", "/api/v1/submissions", content=data, headers=api)
    send(client, "GET", f"/api/v1/months/{MONTH}", headers={"authorization": "Bearer att_wrong-secret"})
    send(by_certificate(opened, "http://127.0.0.1:8300"), "POST", "/sign-in/certificate")
    broken(opened)
    send(client, "GET", f"/agencies/{FIRST}")
    everything = "\n".join(lines)
    assert "portal_failed" in everything
    assert "documents_received" in everything
    for secret in (cookie, csrf, token, said, "wrong-secret", "王小明", "A123456789", "孫新人", "持有人"):
        assert secret
        assert secret not in everything


def test_what_was_refused_is_in_the_log_by_account(opened, people, held, lines):
    cookie, _ = people["viewer"]
    client = client_of(opened, cookies={"attendance": cookie})
    send(client, "GET", f"/agencies/{SECOND}")
    send(client, "POST", "/submit", files={"file": ("x.json", document(SECOND))})
    send(client, "POST", "/sign-out", headers={"origin": "https://evil.example"})
    send(client, "POST", "/sign-out", data={"csrf": "wrong"})
    head, form = people["head"]
    sender = client_of(opened, cookies={"attendance": head}, headers={"x-csrf-token": form})
    send(sender, "POST", "/submit", files={"file": ("x.json", document(SECOND))})
    api = {"authorization": f"Bearer {held[FIRST].secret}"}
    send(client, "POST", "/api/v1/submissions", content=document(SECOND), headers=api)
    send(client, "GET", f"/api/v1/months/{MONTH}", headers={"authorization": "Bearer att_x"})
    everything = "\n".join(lines)
    for said in (
        f"'event': 'access_refused', 'agency': '{SECOND}', 'account': 'viewer', 'right': 'view'",
        f"'event': 'access_refused', 'agency': '{SECOND}', 'account': 'head', 'right': 'submit'",
        "'event': 'form_refused', 'account': 'viewer', 'why': 'origin'",
        "'event': 'form_refused', 'account': 'viewer', 'why': 'token'",
        f"'event': 'token_refused', 'agency': '{FIRST}', 'token': {held[FIRST].token}, 'why': 'another agency'",
        "'event': 'token_refused', 'why': 'none that stands'",
    ):
        assert said in everything, said


def test_a_line_of_the_log_is_one_line_whatever_was_sent(opened, people, lines):
    cookie, _ = people["viewer"]
    client = client_of(opened, cookies={"attendance": cookie})
    for evil in ("x%0aFAKE%20line", "%0d%0aFAKE"):
        send(client, "GET", f"/agencies/{evil}")
        send(client, "GET", "/sign-in/back", params={"state": "a\nFAKE", "error": "b\r\nFAKE"})
        send(client, "GET", f"/api/v1/months/{evil}", headers={"authorization": "Bearer a"})
    ours = [line for line in lines if "'name': 'attendance'" in line]
    assert ours
    assert not any("FAKE" in line for line in ours)


def test_an_answer_of_the_interface_is_a_file_to_keep(opened, held):
    client, api = client_of(opened), {"authorization": f"Bearer {held[FIRST].secret}"}
    for method, path in SCOPED:
        answer = send(client, method, place(path, held[FIRST]), headers=api)
        assert answer.headers["content-disposition"] == 'attachment; filename="api.json"'
        assert answer.headers["content-type"] in {"application/json", "application/problem+json"}


def test_what_a_database_says_of_an_error_quotes_no_values(opened):
    with pytest.raises(IntegrityError) as error, writing(opened.engine) as session:
        session.add(PortalSession(cookie_hash="x", account=None, holder="王小明", csrf="", began_at=NOW, seen_at=NOW))
    assert "王小明" not in str(error.value)


def test_whose_page_it_is_is_not_said_on_anothers(as_, portal, people):
    """Nothing is remembered from one request to the next."""
    as_("head")
    assert "持有人 head" in send(portal, "GET", "/").text
    as_("elsewhere")
    page = send(portal, "GET", f"/agencies/{FIRST}")
    assert page.status_code == 403
    assert "持有人 elsewhere" in page.text
    assert "持有人 head" not in page.text
    assert SECOND not in page.text


def test_a_clock_that_goes_on_ends_a_session_in_the_middle(opened, people):
    cookie, _ = people["head"]
    later = replace(opened, clock=lambda: NOW.replace(hour=2, minute=1))
    client = client_of(later, cookies={"attendance": cookie})
    assert send(client, "GET", "/agencies").status_code == 303
