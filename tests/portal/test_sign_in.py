"""Signing in by OpenID Connect: with a real provider in a process of its own, and with one that is not honest."""

import html
import logging
import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from joserfc.jwk import RSAKey
from playwright.sync_api import sync_playwright
from sqlalchemy import func, select

from pipelines.settings_portal import PortalSettings
from portal.demo.provider import Registration, issuer_at, start_provider, stop_provider
from portal.identity.on_the_way import local
from tests.portal.crooked_provider import CLIENT, SECRET, CrookedProvider
from tests.support.installations import FIRST, NOW
from tests.support.portals import serving
from tests.support.postgres import free_port
from warehouse.access.authorisations import Wanted, authorise, withdraw_authorisation
from warehouse.ledger.access import PortalSession
from warehouse.ledger.engine import reading, writing

CHROMIUM = shutil.which("chromium")
PASSWORD = "for this test"
NATIONAL_ID = "A123456789"
PEOPLE = {"head": "林人事", "stranger": "何未授權", NATIONAL_ID: "王小明", "certificate:1234": "冒名"}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The provider's port and the portal's; the provider takes people back to that alone."""
    own, portal = free_port(), free_port()
    registration = Registration(f"http://127.0.0.1:{portal}", CLIENT, SECRET, PEOPLE, PASSWORD)
    process = start_provider(tmp_path_factory.mktemp("provider"), own, registration)
    yield own, portal
    stop_provider(process)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ticking(opened, clock):
    """The installation, with the head of personnel authorised."""
    with writing(opened.engine) as session:
        wanted = Wanted("head", "林人事", "head", FIRST, date(2021, 1, 1), None, "測試")
        authorise(session, wanted, actor="test", at=NOW)
    return replace(opened, clock=clock)


@pytest.fixture
def portal(ticking, provider):
    """A portal in front of the real provider."""
    own, port = provider
    with serving(ticking, settings(issuer_at(own), port), port) as url:
        yield url


@pytest.fixture
def crooked():
    made = CrookedProvider()
    yield made
    made.close()


@pytest.fixture
def deceived(ticking, crooked):
    """A portal in front of the provider that is not honest."""
    port = free_port()
    with serving(ticking, settings(crooked.issuer, port), port) as url:
        yield url


@pytest.fixture
def journal():
    """The journal's lines as they are written."""
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            lines.append(str(record.__dict__))

    handler = Kept()
    logging.getLogger("attendance").addHandler(handler)
    yield lines
    logging.getLogger("attendance").removeHandler(handler)


def settings(issuer, port, **more):
    return PortalSettings(
        url=f"http://127.0.0.1:{port}", oidc_issuer=issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET, **more
    )


def leave(browser, portal, place="/"):
    """Where the portal sends somebody who wants to sign in."""
    answer = browser.get(f"{portal}/sign-in/start", params={"next": place})
    assert answer.status_code == 302
    return answer.headers["location"]


def log_in(browser, location, account):
    """Fill the provider's form in; returns where it sends the browser back to."""
    form = browser.get(location, follow_redirects=True)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.text))
    told = {name: html.unescape(value) for name, value in fields.items()}
    answer = browser.post(form.url, data={**told, "username": account, "password": PASSWORD})
    answer = browser.get(urlsplit(location)._replace(path="", query="").geturl() + answer.headers["location"])
    return answer.headers["location"]


def sign_in(browser, portal, account="head", place="/"):
    return browser.get(log_in(browser, leave(browser, portal, place), account))


def changed(url, **fields):
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **fields})))


def form_token(page):
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


def sessions(platform):
    with reading(platform.engine) as session:
        return session.scalar(select(func.count()).select_from(PortalSession))


def test_somebody_signs_in_works_and_signs_out(portal, journal):
    with httpx.Client() as browser:
        sent = browser.get(f"{portal}/agencies/{FIRST}")
        assert (sent.status_code, urlsplit(sent.headers.get("location", "")).path) in {(303, "/sign-in"), (404, "")}
        page = browser.get(f"{portal}/sign-in", params={"next": "/check"})
        assert "/sign-in/start?next=/check" in page.text
        back = sign_in(browser, portal, place="/check")
        assert (back.status_code, back.headers["location"]) == (303, "/check")
        home = browser.get(portal)
        assert "林人事" in home.text
        assert FIRST in home.text
        old = dict(browser.cookies)
        assert browser.post(f"{portal}/sign-out", data={"csrf": "guessed"}).status_code == 403
        out = browser.post(f"{portal}/sign-out", data={"csrf": form_token(home)})
        assert "已登出" in out.text
        assert "/o/logout/?client_id=portal" in out.headers["refresh"]
        assert "attendance" not in browser.cookies
        browser.cookies.update(old)
        assert "林人事" not in browser.get(portal).text
    said = "\n".join(journal)
    assert "signed_in" in said
    assert "signed_out" in said
    assert "林人事" not in said


def test_the_cookie_is_the_sessions_alone(portal):
    with httpx.Client() as browser:
        start = browser.get(f"{portal}/sign-in/start")
        kept = start.headers["set-cookie"]
        assert all(word in kept for word in ("HttpOnly", "SameSite=lax", "Max-Age=600", "Path=/sign-in/back"))
        back = browser.get(log_in(browser, start.headers["location"], "head"))
        own, forgotten = back.headers.get_list("set-cookie")
        assert own.startswith("attendance=")
        assert all(word in own for word in ("HttpOnly", "SameSite=lax", "Path=/"))
        assert "Max-Age=0" in forgotten


def test_by_tls_the_cookies_are_secure(ticking, crooked):
    port = free_port()
    told = settings(crooked.issuer, port).model_copy(update={"url": "https://portal.example.gov.tw"})
    with serving(ticking, told, port):
        answer = httpx.get(f"http://127.0.0.1:{port}/sign-in/start")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://portal.example.gov.tw/sign-in/back"]
    assert answer.headers["set-cookie"].startswith("__Secure-attendance-sign-in=")
    assert "Secure" in answer.headers["set-cookie"]


def test_what_is_asked_of_the_provider(deceived):
    with httpx.Client() as browser:
        first, second = (parse_qs(urlsplit(leave(browser, deceived)).query) for _ in range(2))
    assert first["response_type"] == ["code"]
    assert first["code_challenge_method"] == ["S256"]
    assert set(first["scope"][0].split()) == {"openid", "profile"}
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 20
        assert first[name] != second[name]


def test_a_session_is_not_fixed_by_whoever_had_the_browser_before(portal, ticking):
    with httpx.Client() as browser:
        sign_in(browser, portal, "stranger")
        before = browser.cookies["attendance"]
        sign_in_again = browser.get(leave(browser, portal))  # still signed in there: no form
        browser.get(sign_in_again.headers["location"])
        assert browser.cookies["attendance"] != before
        assert sessions(ticking) == 1
        planted = httpx.get(portal, cookies={"attendance": before})
        assert "何未授權" not in planted.text


def test_a_cookie_that_somebody_made_up_is_not_taken_over(portal):
    with httpx.Client(cookies={"attendance": "made up"}) as browser:
        back = sign_in(browser, portal)
        assert "attendance=made up" not in back.headers["set-cookie"]
    assert "林人事" not in httpx.get(portal, cookies={"attendance": "made up"}).text


def test_a_way_back_serves_once(portal, ticking):
    with httpx.Client() as browser:
        back = log_in(browser, leave(browser, portal), "head")
        kept = dict(browser.cookies)
        assert browser.get(back).status_code == 303
        again = browser.get(back)
        assert again.status_code == 400
        assert "重新登入" in again.text
    # The cookie was copied before it was taken away: the provider's code has served.
    stolen = httpx.get(back, cookies={"attendance-sign-in": kept["attendance-sign-in"]})
    assert stolen.status_code == 400
    assert sessions(ticking) == 1


def test_a_way_back_is_of_the_browser_that_began(portal, ticking):
    with httpx.Client() as attacker, httpx.Client() as victim:
        planted = log_in(attacker, leave(attacker, portal), "head")
        leave(victim, portal)
        for browser in (victim, httpx.Client()):
            answer = browser.get(planted)
            assert answer.status_code == 400
            assert "attendance" not in browser.cookies
    assert sessions(ticking) == 0


def test_what_the_browser_keeps_is_ours_and_young(portal, ticking):
    with httpx.Client() as browser:
        back = log_in(browser, leave(browser, portal), "head")
        name = "attendance-sign-in"
        kept = browser.cookies[name]
        key = bytes.fromhex((ticking.home.root / "sign-in.key").read_text())
        ours = URLSafeTimedSerializer(key, salt="attendance sign-in")
        what = ours.loads(kept)
        forged = URLSafeTimedSerializer(b"another key", salt="attendance sign-in").dumps(what)

        class LongAgo(type(ours.make_signer(None))):
            def get_timestamp(self):
                return super().get_timestamp() - 601

        old = URLSafeTimedSerializer(key, salt="attendance sign-in", signer=LongAgo).dumps(what)
        for value in (forged, old, "noise", ""):
            assert httpx.get(back, cookies={name: value}).status_code == 400
        assert httpx.get(back, cookies={name: kept}).status_code == 303


def test_the_key_is_its_owners_alone(portal, ticking):
    assert (ticking.home.root / "sign-in.key").stat().st_mode & 0o777 == 0o600


def test_a_code_for_another_nonce_is_no_sign_in(portal, ticking, journal):
    with httpx.Client() as browser:
        location = changed(leave(browser, portal), nonce="another")
        answer = browser.get(log_in(browser, location, "head"))
    assert answer.status_code == 403
    assert "未通過驗證" in answer.text
    assert "invalid_claim" in journal[-1]
    assert sessions(ticking) == 0


def test_a_code_for_another_challenge_is_no_sign_in(portal, ticking):
    with httpx.Client() as browser:
        location = changed(leave(browser, portal), code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        answer = browser.get(log_in(browser, location, "head"))
    assert answer.status_code == 400
    assert sessions(ticking) == 0


def test_a_national_id_is_no_account(portal, ticking, journal):
    with httpx.Client() as browser:
        answer = sign_in(browser, portal, NATIONAL_ID)
    assert answer.status_code == 403
    assert "請改用單一簽入的代號" in answer.text
    for text in (answer.text, *journal):
        assert NATIONAL_ID not in text
        assert "王小明" not in text
    assert sessions(ticking) == 0


def test_no_account_passes_for_a_certificate(portal, ticking):
    with httpx.Client() as browser:
        assert sign_in(browser, portal, "certificate:1234").status_code == 403
    assert sessions(ticking) == 0


def test_a_session_ends_when_idle_and_at_its_age(portal, clock):
    with httpx.Client() as browser:
        sign_in(browser, portal)
        for minutes, there in ((29, True), (29, True), (31, False)):
            clock.now += timedelta(minutes=minutes)
            assert ("林人事" in browser.get(portal).text) is there
        clock.now = NOW
        sign_in_again = browser.get(leave(browser, portal))
        browser.get(sign_in_again.headers["location"])
        for _ in range(25):
            clock.now += timedelta(minutes=28)
            assert "林人事" in browser.get(portal).text
        clock.now += timedelta(minutes=28)
        assert "林人事" not in browser.get(portal).text


def test_what_was_withdrawn_opens_nothing_from_then_on(portal, ticking):
    with httpx.Client() as browser:
        sign_in(browser, portal)
        assert FIRST in browser.get(portal).text
        with writing(ticking.engine) as session:
            withdraw_authorisation(session, 1, reason="離職", actor="test", at=NOW)
        page = browser.get(portal)
        assert "尚無授權" in page.text
        assert FIRST not in page.text


def test_somebody_without_authorisation_is_told_what_to_do(portal):
    with httpx.Client() as browser:
        sign_in(browser, portal, "stranger")
        assert "請洽所屬機關人事主管授權" in browser.get(portal).text


ELSEWHERE = (
    *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"),
    *("/%09//evil\\x", "javascript:alert(1)", "evil", "", "/sign-out", "/sign-in?next=/sign-in", "/" * 2000),
)


def test_nobody_is_sent_elsewhere(deceived, crooked):
    with httpx.Client() as browser:
        for place in ELSEWHERE:
            assert local(place) == "/", place
            asked = parse_qs(urlsplit(leave(browser, deceived, place)).query)
            crooked.claims = {"nonce": asked["nonce"][0]}
            back = browser.get(f"{deceived}/sign-in/back", params={"code": "x", "state": asked["state"][0]})
            assert (back.status_code, back.headers["location"]) == (303, "/"), place
            assert browser.get(f"{deceived}/sign-in", params={"next": place}).headers["location"] == "/", place


@pytest.mark.parametrize("place", ["/", "/check", "/agencies/376500000A?month=2021-06&x=%E4%B8%AD", "/reports#x"])
def test_own_pages_are_places_to_go(place):
    assert local(place) == place


def come_back(deceived, crooked, **told):
    """Go, and come back with a code; the token's nonce is right unless told otherwise."""
    with httpx.Client() as browser:
        asked = parse_qs(urlsplit(leave(browser, deceived)).query)
        crooked.claims = {"nonce": asked["nonce"][0], **crooked.claims}
        return browser.get(f"{deceived}/sign-in/back", params={"code": "x", "state": asked["state"][0], **told})


def test_the_other_provider_is_believed_where_it_is_honest(deceived, crooked):
    assert come_back(deceived, crooked).status_code == 303


NOT_AS_THEY_MUST_BE = (
    *({"nonce": "another"}, {"nonce": None}, {"exp": 1_000_000_000}, {"exp": None}, {"iat": None}),
    *({"aud": "somebody else"}, {"aud": [CLIENT, "another"]}, {"aud": None}, {"iss": "https://evil.example"}),
    *({"iss": None}, {"sub": None}, {"sub": ""}, {"sub": "兩個字"}, {"sub": "x" * 121}, {"sub": {"a": 1}}),
    {"iat": 4_000_000_000},
)


def test_a_token_that_is_not_as_it_must_be_is_no_sign_in(deceived, crooked, ticking):
    for claims in NOT_AS_THEY_MUST_BE:
        crooked.claims = claims
        answer = come_back(deceived, crooked)
        assert answer.status_code == 403, claims
        assert "重新登入" in answer.text
    assert sessions(ticking) == 0


def test_a_token_with_another_key_is_no_sign_in(deceived, crooked):
    crooked.signing_key = RSAKey.generate_key(2048)
    assert come_back(deceived, crooked).status_code == 403


def test_a_token_signed_with_the_public_key_is_no_sign_in(deceived, crooked):
    crooked.algorithm = "HS256"
    assert come_back(deceived, crooked).status_code == 403


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_token_that_nobody_signed_is_no_sign_in(deceived, crooked):
    crooked.algorithm = "none"
    assert come_back(deceived, crooked).status_code == 403


def test_no_token_is_no_sign_in(deceived, crooked, ticking):
    for said in (None, "a.b", "noise", 5, []):
        crooked.claims, crooked.token = {}, {"id_token": said}
        assert come_back(deceived, crooked).status_code in {403, 503}, said
    crooked.token = {"error": "invalid_client"}
    assert come_back(deceived, crooked).status_code == 503
    assert sessions(ticking) == 0


def test_a_new_key_of_the_provider_is_asked_for(deceived, crooked):
    assert come_back(deceived, crooked).status_code == 303
    crooked.claims = {}
    crooked.key = crooked.signing_key = RSAKey.generate_key(2048, auto_kid=True)
    assert come_back(deceived, crooked).status_code == 303
    assert crooked.asked.count("/.well-known/openid-configuration") == 1


def test_a_name_that_is_not_in_the_token_is_asked_for(deceived, crooked, ticking):
    crooked.metadata = {"userinfo_endpoint": f"{crooked.issuer}/userinfo"}
    crooked.claims = {"name": None}
    crooked.userinfo = {"sub": "head", "name": "林人事"}
    assert come_back(deceived, crooked).status_code == 303
    with reading(ticking.engine) as session:
        assert session.scalars(select(PortalSession.holder)).all() == ["林人事"]
    crooked.claims = {"name": None}
    crooked.userinfo = {"sub": "somebody else", "name": "別人"}
    assert come_back(deceived, crooked).status_code == 403


def test_another_issuer_is_not_the_provider(deceived, crooked):
    crooked.metadata = {"issuer": "https://evil.example"}
    assert httpx.get(f"{deceived}/sign-in/start").status_code == 503


def test_who_changed_their_mind_is_told_so(deceived, crooked, ticking):
    answer = come_back(deceived, crooked, error="access_denied", error_description="<b>no</b>")
    assert answer.status_code == 403
    assert "未同意登入" in answer.text
    assert "<b>" not in answer.text
    assert come_back(deceived, crooked, error="server_error").status_code == 400
    assert sessions(ticking) == 0


def test_a_provider_that_is_down_is_a_page_that_says_so(deceived, crooked, journal):
    with httpx.Client() as browser:
        asked = parse_qs(urlsplit(leave(browser, deceived)).query)
        crooked.close()
        answer = browser.get(f"{deceived}/sign-in/back", params={"code": "x", "state": asked["state"][0]})
    assert answer.status_code == 503
    assert "請稍後再試" in answer.text
    assert "sign_in_refused" in journal[-1]


def test_without_a_provider_the_page_says_whom_to_tell(opened):
    port = free_port()
    with serving(opened, PortalSettings(url=f"http://127.0.0.1:{port}"), port) as url:
        assert "尚未設定單一簽入" in httpx.get(f"{url}/sign-in").text
        assert httpx.get(f"{url}/sign-in/start").status_code == 503


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_in_a_browser(portal):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text) if portal in message.location["url"] else None)
        page.goto(f"{portal}/sign-in?next=/check")
        page.get_by_role("link", name="以單一簽入登入").click()
        page.get_by_label("帳號").fill("head")
        page.get_by_label("密碼").fill(PASSWORD)
        page.get_by_role("button", name="登入").click()
        page.wait_for_url(f"{portal}/check")
        assert page.get_by_text("林人事").is_visible()
        cookie = next(one for one in page.context.cookies() if one["name"] == "attendance")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.get_by_role("button", name="登出").click()
        page.get_by_role("heading", name="登出單一簽入").wait_for()
        page.get_by_role("button", name="登出").click()
        page.wait_for_url(f"{portal}/")
        assert page.locator("nav").get_by_role("link", name="登入").is_visible()
        page.context.add_cookies([cookie])
        page.goto(portal)
        assert page.get_by_text("林人事").count() == 0
        assert said == []
        browser.close()
