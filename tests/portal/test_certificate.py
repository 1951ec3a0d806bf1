"""An agency's certificate: verified by a real nginx in front of the portal, and believed from there alone."""

import asyncio
import ssl
import subprocess
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import which
from urllib.parse import quote

import httpx
import pytest
import trustme
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.identity.proxies import BelievedProxies, certificate_of
from tests.support.installations import FIRST, NOW
from tests.support.portals import serving
from tests.support.postgres import free_port
from warehouse.access.authorisations import AuthorisationRefused, Wanted, authorise, withdraw_authorisation
from warehouse.access.certificates import NoSubject, subject_of
from warehouse.ledger.engine import writing

NGINX = which("nginx") or which("nginx", path="/usr/sbin:/sbin")
EXAMPLE = Path(__file__).parents[2] / "deploy" / "portal-nginx.conf"
#: The proxy comes to the portal from here; the tests come from 127.0.0.1.
PROXY = "127.0.0.2"
AGENCY = {"common_name": "青川縣政府", "organization_name": "青川縣, 政府", "organization_unit_name": "人事處"}
SUBJECT = "CN=青川縣政府,OU=人事處,O=青川縣\\, 政府"
HEADER = "X-Agency-Certificate"
_MAIN = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
proxy_bind {proxy}; include {folder}/portal.conf; }}"""


@dataclass
class Fronted:
    """A portal behind nginx: its address by TLS, its own without, and who issues agencies' certificates."""

    url: str
    direct: str
    ca: trustme.CA
    agencies: trustme.CA

    def client(self, certificate=None, **more):
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return httpx.Client(verify=context, base_url=self.url, **more)


@pytest.fixture
def fronted(opened, tmp_path):
    ca, agencies = trustme.CA(), trustme.CA()
    port, inner = free_port(), free_port()
    told = PortalSettings(url=f"https://127.0.0.1:{port}", proxies=PROXY)
    with serving(opened, told, inner):
        process = start_nginx(tmp_path / "nginx", port, inner, ca, agencies)
        yield Fronted(told.url, f"http://127.0.0.1:{inner}", ca, agencies)
        process.terminate()
        process.wait()


def start_nginx(folder, port, inner, ca, agencies):
    """nginx with the example as it is shipped, but for addresses and files."""
    if NGINX is None:
        pytest.skip("needs nginx: make system")
    folder.mkdir()
    own = ca.issue_cert("127.0.0.1")
    own.private_key_and_cert_chain_pem.write_to_path(folder / "portal.pem")
    agencies.cert_pem.write_to_path(folder / "agency-ca.pem")
    text = EXAMPLE.read_text(encoding="utf-8")
    for shipped, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "http://127.0.0.1:8300": f"http://127.0.0.1:{inner}",
        "/etc/nginx/portal.key": str(folder / "portal.pem"),
        "/etc/nginx/portal.pem": str(folder / "portal.pem"),
        "/etc/nginx/agency-ca.pem": str(folder / "agency-ca.pem"),
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    (folder / "portal.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, proxy=PROXY), encoding="utf-8")
    process = subprocess.Popen([NGINX, "-e", folder / "error.log", "-c", folder / "nginx.conf", "-p", folder])
    until = time.monotonic() + 30
    while not (folder / "nginx.pid").exists() or not (folder / "nginx.pid").read_text().strip():
        assert process.poll() is None, (folder / "error.log").read_text()
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


def grant(opened, subject=SUBJECT):
    with writing(opened.engine) as session:
        wanted = Wanted(subject_of(subject).account, "青川縣政府", "agency", FIRST, date(2021, 1, 1), None, "測試")
        return authorise(session, wanted, actor="test", at=NOW)


def test_an_agency_signs_in_with_its_certificate(fronted, opened):
    held = grant(opened)
    with fronted.client(fronted.agencies.issue_cert("a@agency.example", **AGENCY)) as browser:
        page = browser.get("/sign-in")
        assert "以機關憑證登入：青川縣政府" in page.text
        back = browser.post("/sign-in/certificate", params={"next": "/check"}, headers={"origin": fronted.url})
        assert (back.status_code, back.headers["location"]) == (303, "/check")
        cookie = back.headers["set-cookie"]
        assert cookie.startswith("__Host-attendance=")
        assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
        assert "Domain" not in cookie
        home = browser.get("/")
        assert "青川縣政府" in home.text
        assert FIRST in home.text
        with writing(opened.engine) as session:
            withdraw_authorisation(session, held.id, reason="換發", actor="test", at=NOW)
        assert FIRST not in browser.get("/").text
        assert browser.post("/sign-in/certificate").status_code == 403


def test_without_one_there_is_no_button_and_no_way(fronted):
    with fronted.client() as browser:
        assert "機關憑證登入" not in browser.get("/sign-in").text
        assert browser.post("/sign-in/certificate").status_code == 400
        # What a client says itself is replaced by the proxy.
        said = browser.post("/sign-in/certificate", headers={HEADER: SUBJECT.encode()})
        assert said.status_code == 400


def test_one_that_is_not_authorised_is_told_whom_to_ask(fronted):
    with fronted.client(fronted.agencies.issue_cert("a@agency.example", **AGENCY)) as browser:
        answer = browser.post("/sign-in/certificate")
        assert answer.status_code == 403
        assert "請洽系統管理人員" in answer.text
        assert "set-cookie" not in answer.headers


def test_one_of_another_issuer_goes_nowhere(fronted, opened):
    grant(opened)
    with fronted.client(trustme.CA().issue_cert("a@agency.example", **AGENCY)) as browser:
        assert browser.get("/sign-in").status_code == 400  # nginx's own answer
        assert browser.post("/sign-in/certificate").status_code == 400


def test_another_sites_form_signs_nobody_in(fronted, opened):
    grant(opened)
    with fronted.client(fronted.agencies.issue_cert("a@agency.example", **AGENCY)) as browser:
        for origin in ("https://evil.example", "null"):
            answer = browser.post("/sign-in/certificate", headers={"origin": origin})
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers


def test_straight_to_the_portal_the_header_is_refused(fronted, opened):
    grant(opened)
    for method, path in (("POST", "/sign-in/certificate"), ("GET", "/"), ("GET", "/static/portal.css")):
        for name in (HEADER, HEADER.lower()):
            answer = httpx.request(method, fronted.direct + path, headers={name: SUBJECT.encode()})
            assert answer.status_code == 403
            assert "核可的代理伺服器" in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
    refused = httpx.post(f"{fronted.direct}/api/v1/check", headers={HEADER: "CN=x"})
    assert refused.headers["content-type"] == "application/problem+json"


def seen(peer, *headers, proxies="10.0.0.0/8, 127.0.0.2, fd00::/8"):
    """What an application behind `BelievedProxies` sees of a request from this peer."""

    async def app(scope, receive, send):
        request = Request(scope, receive)
        subject = certificate_of(request)
        said = {"client": request.client.host, "subject": subject and subject.text, "names": list(request.headers)}
        await JSONResponse(said)(scope, receive, send)

    transport = httpx.ASGITransport(BelievedProxies(app, PortalSettings(proxies=proxies)), client=(peer, 4000))

    async def ask():
        async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
            return (await client.get("/", headers=list(headers))).json()

    return asyncio.run(ask())


FORWARDED = (
    ("10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
    ("10.1.2.3", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),  # the left one anybody may have written
    ("10.1.2.3", ["203.0.113.9, 10.9.9.9"], "203.0.113.9"),  # two proxies of ours
    ("10.1.2.3", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),  # the header twice is one list
    ("10.1.2.3", ["203.0.113.9:5123"], "203.0.113.9"),
    ("10.1.2.3", ["[2001:db8::1]:443"], "2001:db8::1"),
    ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
    ("::ffff:10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
    ("10.1.2.3", ["10.9.9.9"], "10.9.9.9"),  # from within: the farthest that is known
    ("10.1.2.3", ["noise"], "10.1.2.3"),
    ("10.1.2.3", ["203.0.113.9, unknown"], "10.1.2.3"),
    ("10.1.2.3", [], "10.1.2.3"),
    ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),  # no proxy of ours: its word does not count
)


@pytest.mark.parametrize(("peer", "forwarded", "client"), FORWARDED)
def test_whose_request_it_is(peer, forwarded, client):
    assert seen(peer, *(("X-Forwarded-For", one) for one in forwarded))["client"] == client


#: As Caddy writes it, as nginx does (OpenSSL's RFC 2253, byte by byte), and percent-encoded.
SPELLINGS = (
    SUBJECT.encode(),
    "".join(one if one.isascii() else "".join(rf"\{byte:02X}" for byte in one.encode()) for one in SUBJECT).encode(),
    quote(SUBJECT, safe="").encode(),
)


@pytest.mark.parametrize("value", SPELLINGS)
def test_a_subject_is_one_however_a_proxy_writes_it(value):
    said = seen("10.1.2.3", (HEADER.encode(), value))
    assert subject_of(said["subject"]) == subject_of(SUBJECT)
    assert HEADER.lower() not in said["names"]


def test_a_header_that_is_empty_is_no_certificate():
    assert seen("10.1.2.3", (HEADER, ""))["subject"] is None


@pytest.mark.parametrize("headers", [[(HEADER, "CN=a"), (HEADER, "CN=b")], [(HEADER, "/C=TW/CN=a")], [(HEADER, "a")]])
def test_what_a_proxy_should_not_have_sent_is_refused(opened, headers):
    transport = httpx.ASGITransport(create_app(opened, PortalSettings(proxies="127.0.0.1")))

    async def ask():
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300") as client:
            return await client.get("/", headers=headers)

    answer = asyncio.run(ask())
    assert answer.status_code == 403


def test_whose_certificate_it_is():
    assert subject_of("OU=人事處,OU=青川縣政府,O=行政院,C=TW").holder == "人事處"
    assert subject_of("serialNumber=1234,O=行政院,C=TW").holder == "行政院"
    assert subject_of(" CN=a,C=TW ").account == subject_of("CN=a,C=TW").account
    assert subject_of("CN=a,C=TW").account != subject_of("CN=b,C=TW").account
    for wrong in ("", "a", "/C=TW/CN=a", "C=TW", "CN"):
        with pytest.raises(NoSubject):
            subject_of(wrong)


def test_a_certificate_holds_no_other_role(opened):
    wanted = Wanted(subject_of(SUBJECT).account, "某", "head", FIRST, date(2021, 1, 1), None, "測試")
    with writing(opened.engine) as session, pytest.raises(AuthorisationRefused):
        authorise(session, wanted, actor="test", at=NOW)
