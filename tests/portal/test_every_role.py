"""Every page, download and endpoint, by every role, for its own agency, another's, those below it, and none at all.

A route that no table here knows fails the first test: say there who may use it.  What roles may is said here again, in
words of this file's own, so that a slip in `portal/access.py` is seen.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from tests.portal.conftest import PEOPLE, sign_in
from tests.support.installations import AUTHORITY, FIRST, NOW, SECOND, THIRD, document
from tests.support.portal_country import MONTH, marks
from tests.support.portal_routes import routes_of
from warehouse.access.authorisations import Wanted, authorise, held_by, withdraw_authorisation
from warehouse.access.sessions import begin_session
from warehouse.ledger.engine import reading, writing

VIEW, SUBMIT, EXPLAIN, GRANT = "view", "submit", "explain", "grant"
UNKNOWN = "999999999Z"

#: Open to everybody, and why.
PUBLIC = {
    ("GET", "/health/live"): "says that the process answers, to whoever starts it again where it does not",
    ("GET", "/health/ready"): "says whether requests may be sent here, and nothing of why not",
    ("GET", "/"): "says what there is, and to whom it belongs only to those who are signed in",
    ("GET", "/check"): "the format check needs no agency and keeps nothing",
    ("POST", "/check"): "the same",
    ("POST", "/api/v1/check"): "the same, for programs",
    ("GET", "/api"): "how the interface is used",
    ("GET", "/api/client.py"): "a program without secrets",
    ("GET", "/format"): "what vendors write a document by",
    ("GET", "/format/leave-types.csv"): "the same",
    ("GET", "/format/schema/{version}.json"): "the same",
    ("GET", "/format/example/{version}.json"): "the same",
    ("GET", "/manual"): "how the portal is used",
    ("GET", "/manual/zh.pdf"): "the same, to print",
    ("GET", "/manual/en.pdf"): "the same, to print",
    ("GET", "/api/v1/openapi.json"): "what the interface is",
    ("GET", "/sign-in"): "how one gets in",
    ("GET", "/sign-in/start"): "how one gets in",
    ("GET", "/sign-in/back"): "how one gets in",
    ("POST", "/sign-in/certificate"): "how one gets in",
    ("*", "/static"): "styles and scripts",
    ("*", "/static/fonts"): "the font that is shipped",
}
#: Whoever is signed in; what is in it is theirs (tests of its own, below; of the reports in `test_reports.py`).
SIGNED_IN = {
    ("GET", "/agencies"),
    ("GET", "/submit"),
    ("POST", "/submit"),
    ("POST", "/sign-out"),
    ("GET", "/reports"),
    ("GET", "/reports/{report}"),
    ("GET", "/reports/{report}.{suffix}"),
}
#: Who has a token: endpoint → the scope that it must have.
SCOPED = {
    ("POST", "/api/v1/submissions"): "submit",
    ("POST", "/api/v1/months/{month}/explanations"): "submit",
    ("GET", "/api/v1/months/{month}"): "read",
    ("GET", "/api/v1/months/{month}/findings"): "read",
    ("GET", "/api/v1/months/{month}/submissions/{id_}"): "read",
    ("GET", "/api/v1/months/{month}/submissions/{id_}/receipt"): "read",
    ("GET", "/api/v1/reason-codes"): "read",
}


@dataclass(frozen=True)
class Page:
    """Who may: the right; `form` is sent, with `{…}` of the agency's holding; `answer` where it may."""

    right: str
    form: dict = field(default_factory=dict)
    answer: int = 200


_GRANTED = {"account": "new", "holder": "新人", "role": "viewer", "first_day": "2021-07-01", "reason": "測試"}
#: Pages of an agency.
PAGES = {
    ("GET", "/agencies/{agency}"): Page(VIEW),
    ("GET", "/agencies/{agency}/{month}"): Page(VIEW),
    ("GET", "/agencies/{agency}/{month}/changes"): Page(VIEW),
    ("GET", "/agencies/{agency}/{month}/findings.{suffix}"): Page(VIEW),
    ("GET", "/agencies/{agency}/{month}/submissions/{id_}"): Page(VIEW),
    ("GET", "/agencies/{agency}/{month}/submissions/{id_}/receipt.json"): Page(VIEW),
    ("POST", "/agencies/{agency}/{month}/explanations"): Page(
        EXPLAIN, {"rule": "{rule}", "finding": "{finding}", "code": "CONFIRMED"}, 303
    ),
    ("POST", "/agencies/{agency}/{month}/explanations/revoke"): Page(EXPLAIN, {"rule": "{rule}"}, 303),
    ("GET", "/agencies/{agency}/authorisations"): Page(GRANT),
    ("POST", "/agencies/{agency}/authorisations"): Page(GRANT, _GRANTED, 303),
    ("POST", "/agencies/{agency}/authorisations/{id_}/withdraw"): Page(GRANT, {"reason": "離職"}, 303),
    ("GET", "/agencies/{agency}/tokens"): Page(GRANT),
    ("POST", "/agencies/{agency}/tokens"): Page(
        GRANT, {"label": "差勤系統", "last_day": "2021-12-31", "scopes": "read"}
    ),
    ("POST", "/agencies/{agency}/tokens/{id_}/revoke"): Page(GRANT, {}, 303),
}

_ALL = {VIEW, SUBMIT, EXPLAIN, GRANT}
#: Who of `PEOPLE` → what they may to each agency.
MAY = {
    "operator": {AUTHORITY: _ALL, FIRST: _ALL, SECOND: _ALL},
    "authority": {AUTHORITY: {VIEW}, FIRST: {VIEW}, SECOND: {VIEW}},
    "certificate": {FIRST: _ALL},
    "head": {FIRST: _ALL},
    "submitter": {FIRST: {VIEW, SUBMIT, EXPLAIN}},
    "viewer": {FIRST: {VIEW}},
    "elsewhere": {SECOND: _ALL},
    "stranger": {},
}


@pytest.fixture
def opened(settled):
    return settled


@pytest.fixture
def held(country_home):
    return country_home[1]


def test_every_route_is_known_here(opened):
    known = [*PUBLIC, *SIGNED_IN, *SCOPED, *PAGES]
    assert len(known) == len(set(known))
    assert routes_of(create_app(opened, PortalSettings())) == set(known)
    assert set(MAY) == set(PEOPLE)


def place(path, holding, agency=None):
    """The path with an agency's own things in it, and another agency in front where one is given."""
    id_ = holding.submission
    if "/tokens/" in path:
        id_ = holding.token
    elif "/authorisations/" in path:
        id_ = holding.authorisation
    return path.format(agency=agency or holding.agency, month=MONTH, id_=id_, suffix="xlsx", report="summary",
                       version="1.1")  # fmt: skip


def form_of(page, holding):
    return {name: value.format(**vars(holding)) for name, value in page.form.items()}


def send(client, method, path, form=None):
    return asyncio.run(client.request(method, path, data=form if method == "POST" else None))


def texts(answer):
    """What is read in an answer."""
    return answer.text if "sheet" not in answer.headers.get("content-type", "") else ""


@pytest.mark.parametrize("who", PEOPLE)
def test_each_page_is_for_those_who_may_and_no_others(as_, held, who):
    client, wrong = as_(who), []
    for (method, path), page in PAGES.items():
        for code, holding in held.items():
            may = page.right in MAY[who].get(code, set())
            answer = send(client, method, place(path, holding), form_of(page, holding))
            if answer.status_code != (page.answer if may else 403):
                wrong.append((method, path, code, answer.status_code))
            if not may and any(mark in answer.text for mark in (*marks(code), f"機關 {code}")):
                wrong.append((method, path, code, "says whose it is"))
    assert wrong == []


@pytest.mark.parametrize("who", [who for who in PEOPLE if who != "operator"])
def test_what_is_no_agency_is_nobodys(as_, held, who):
    client = as_(who)
    for (method, path), page in PAGES.items():
        for code in (UNKNOWN, THIRD if who != "authority" else UNKNOWN, FIRST.lower()):
            answer = send(client, method, place(path, held[FIRST], code), form_of(page, held[FIRST]))
            assert answer.status_code == 403, (method, path, code)
        for code in ("x" * 11, "%2e%2e", "a'b", "機關", "%00"):
            answer = send(client, method, place(path, held[FIRST], code), form_of(page, held[FIRST]))
            assert answer.status_code == 404, (method, path, code)


def test_an_operator_authorises_nobody_for_what_the_register_does_not_know(as_, held):
    client = as_("operator")
    for (method, path), page in PAGES.items():
        if page.right == GRANT:
            answer = send(client, method, place(path, held[FIRST], UNKNOWN), form_of(page, held[FIRST]))
            assert answer.status_code == 404, (method, path)


@pytest.mark.parametrize("who", ["head", "operator"])
def test_another_agencys_things_are_not_found_under_ones_own(as_, opened, held, who):
    """A number or id of another agency's in the place of one's own."""
    client, other = as_(who), held[SECOND]
    for (method, path), page in PAGES.items():
        answer = send(client, method, place(path, other, FIRST), form_of(page, other))
        if "{id_}" in path or "finding" in page.form:
            assert answer.status_code in {404, 422}, (method, path)
        assert not any(mark in texts(answer) for mark in marks(SECOND)), (method, path)
    with reading(opened.engine) as session:
        assert held_by(session, f"clerk-{SECOND}", date(2021, 7, 10))
    compared = send(client, "GET", f"/agencies/{FIRST}/{MONTH}/changes?before={other.older}&after={other.submission}")
    assert "沒有唯一符合" in compared.text
    assert not any(mark in compared.text for mark in marks(SECOND))


@pytest.mark.parametrize("who", PEOPLE)
def test_the_list_holds_the_agencies_that_somebody_may_see(as_, held, who):
    client = as_(who)
    for query in ("", "?q=機關", f"?q={SECOND}", "?show=errors", "?year=2020"):
        page = send(client, "GET", f"/agencies{query}").text
        for code in held:
            if VIEW not in MAY[who].get(code, set()):
                assert f"機關 {code}" not in page
                assert f"/agencies/{code}" not in page
    home = send(client, "GET", "/").text
    assert [code for code in held if f"機關 {code}" in home] == [
        code for code in held if PEOPLE[who][1] == code and MAY[who]
    ]


@pytest.mark.parametrize("who", PEOPLE)
def test_a_document_is_taken_of_those_who_may_submit_for_its_agency(as_, held, who):
    client = as_(who)
    for code in held:
        data = document(code, produced_at="2021-07-08T09:00:00+08:00")
        answer = asyncio.run(client.post("/submit", files={"file": ("x.json", data, "application/json")}))
        assert answer.status_code == (303 if SUBMIT in MAY[who].get(code, set()) else 403), code


def test_who_is_not_signed_in_is_sent_to_sign_in(portal, held):
    for method, path in [*PAGES, *SIGNED_IN]:
        answer = send(portal, method, place(path, held[FIRST]), {"rule": "x"})
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path
        assert answer.text == ""
    portal.cookies.set("attendance", "made up")
    for method, path in [*PAGES, *SIGNED_IN]:
        assert send(portal, method, place(path, held[FIRST]), {"rule": "x"}).status_code == 303


def test_a_token_opens_no_page_and_a_session_no_endpoint(as_, portal, held):
    portal.headers["authorization"] = f"Bearer {held[FIRST].secret}"
    for method, path in PAGES:
        assert send(portal, method, place(path, held[FIRST])).status_code == 303
    del portal.headers["authorization"]
    client = as_("operator")
    for method, path in SCOPED:
        assert send(client, method, place(path, held[FIRST])).status_code == 401


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_an_authorisation_that_has_ended_or_not_begun_gives_nothing(portal, opened, held, days):
    first, last = (NOW.date() + timedelta(days=number) for number in days)
    for role, agency in (("operator", None), ("authority", AUTHORITY), ("head", FIRST), ("viewer", FIRST)):
        with writing(opened.engine) as session:
            authorise(session, Wanted(role, "某人", role, agency, first, last, "測試"), actor="test", at=NOW)
            cookie, csrf = begin_session(session, role, "某人", at=NOW)
        nothing_is_theirs(portal, cookie, csrf, held)


@pytest.mark.parametrize("who", [who for who, (role, _) in PEOPLE.items() if role])
def test_an_authorisation_that_was_withdrawn_gives_nothing(portal, opened, held, who):
    cookie, csrf = sign_in(opened, who, *PEOPLE[who])
    portal.cookies.set("attendance", cookie)
    seen = f"/agencies/{PEOPLE[who][1] or FIRST}"
    assert send(portal, "GET", seen).status_code == 200
    with writing(opened.engine) as session:
        withdraw_authorisation(session, max(one.authorisation for one in held.values()) + 1, reason="離職",
                               actor="test", at=NOW)  # fmt: skip
    nothing_is_theirs(portal, cookie, csrf, held)


def nothing_is_theirs(client, cookie, csrf, held):
    client.cookies.set("attendance", cookie)
    client.headers["x-csrf-token"] = csrf
    for (method, path), page in PAGES.items():
        for holding in held.values():
            assert send(client, method, place(path, holding), form_of(page, holding)).status_code == 403, path
    assert send(client, "GET", "/submit").status_code == 403
    assert "機關 3" not in send(client, "GET", "/agencies").text


@pytest.mark.parametrize(
    ("who", "roles"),
    [
        ("operator", {"authority", "head", "submitter", "viewer"}),
        ("certificate", {"head", "submitter", "viewer"}),
        ("head", {"submitter", "viewer"}),
    ],
)
def test_nobody_grants_more_than_is_theirs_to_give(as_, held, who, roles):
    client = as_(who)
    for role in ("operator", "authority", "agency", "head", "submitter", "viewer", "", "root"):
        form = {**_GRANTED, "account": f"new-{role}", "role": role}
        answer = send(client, "POST", f"/agencies/{FIRST}/authorisations", form)
        # An operator may give the role of a certificate, and an account that is none cannot have it.
        expected = {303} if role in roles else {403, 422}
        assert answer.status_code in expected, role
