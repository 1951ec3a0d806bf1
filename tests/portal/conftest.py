"""The portal over a small installation, asked without a network in between; and in a browser over a real server."""

import shutil
from datetime import date

import httpx
import pytest
from playwright.sync_api import sync_playwright

from pipelines.resources import platform
from pipelines.settings import Settings
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from tests.support.installations import AUTHORITY, FIRST, NOW, SECOND, installation
from tests.support.portal_country import country
from tests.support.portals import serving
from tests.support.postgres import free_port
from warehouse.access.authorisations import Wanted, authorise
from warehouse.access.certificates import subject_of
from warehouse.access.sessions import begin_session
from warehouse.ledger.engine import writing

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

#: Who is who: account → role and agency.  `stranger` is signed in and authorised to nothing.
PEOPLE = {
    "operator": ("operator", None),
    "authority": ("authority", AUTHORITY),
    "certificate": ("agency", FIRST),
    "head": ("head", FIRST),
    "submitter": ("submitter", FIRST),
    "viewer": ("viewer", FIRST),
    "elsewhere": ("head", SECOND),
    "stranger": (None, None),
}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def people_home(tmp_path_factory):
    """The home of an installation that everybody of `PEOPLE` is signed in to, and their cookies: made once, copied."""
    home = tmp_path_factory.mktemp("people") / "home"
    made = installation(home)
    held = sign_in_all(made)
    made.engine.dispose()
    return home, held


@pytest.fixture
def opened(request, tmp_path):
    if "people" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("people_home")[0], tmp_path, dirs_exist_ok=True)
        made = platform(Settings(home=tmp_path), actor="test", clock=lambda: NOW)
    else:
        made = installation(tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def country_home(tmp_path_factory):
    """The home of an installation with something to be seen, and what each agency holds in it: made once, copied."""
    home = tmp_path_factory.mktemp("country") / "home"
    made = installation(home)
    held = country(made)
    made.engine.dispose()
    return home, held


@pytest.fixture
def settled(tmp_path, country_home):
    """An installation of one's own, as `country` leaves it."""
    home = shutil.copytree(country_home[0], tmp_path / "home")
    opened = platform(Settings(home=home), actor="test", clock=lambda: NOW)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def portal(opened):
    """A client of the portal that nobody is signed in with."""
    transport = httpx.ASGITransport(create_app(opened, PortalSettings()))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300")


@pytest.fixture
def served(opened):
    """The address of a portal that a browser can reach."""
    port = free_port()
    with serving(opened, PortalSettings(url=f"http://127.0.0.1:{port}"), port) as address:
        yield address


@pytest.fixture
def people(request, opened, tmp_path):
    """Everybody of `PEOPLE` is authorised; account → its cookie and the token of its forms."""
    if opened.home.root == tmp_path:
        return request.getfixturevalue("people_home")[1]
    return sign_in_all(opened)  # a module's own installation


@pytest.fixture
def as_(portal, people):
    """A client that somebody of `PEOPLE` is signed in with; it sends the session's form token with every request."""

    def client(who):
        cookie, csrf = people[who]
        portal.cookies.set("attendance", cookie)
        portal.headers["x-csrf-token"] = csrf
        return portal

    return client


def sign_in_all(opened):
    return {who: sign_in(opened, who, role, agency) for who, (role, agency) in PEOPLE.items()}


def sign_in(opened, who, role, agency):
    """Authorise somebody and begin a session for them, as signing in does."""
    account = subject_of("CN=機關憑證").account if role == "agency" else who
    with writing(opened.engine) as session:
        if role is not None:
            wanted = Wanted(account, f"持有人 {who}", role, agency, date(2021, 1, 1), None, "測試")
            authorise(session, wanted, actor="test", at=NOW)
        cookie, csrf = begin_session(session, account, f"持有人 {who}", at=NOW)
    return cookie, csrf
