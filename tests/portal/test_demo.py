"""The portal to try out, as `make portal` starts it: somebody signs in, submits, and sees it entered."""

import html
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from urllib.parse import urljoin

import httpx
import pytest

from pipelines.demo.country import Country
from pipelines.resources import platform
from pipelines.settings import Settings
from portal.pages.manual import PICTURES
from tests.portal.conftest import needs_chromium
from tests.support.installations import document
from tests.support.postgres import free_port
from warehouse.ledger.engine import writing
from warehouse.register import import_register

SCHOOL, MONTH = "376500102Y", "2021-06"
#: Seconds for each thing that is waited for, on a busy machine.
PATIENCE = 120


@pytest.fixture
def home(tmp_path):
    """The demo's agencies; what they have submitted is another test's (tests/pipelines/demo/test_run.py)."""
    opened = platform(Settings(home=tmp_path / "home"), actor="test")
    with writing(opened.engine) as session:
        import_register(session, Country().register, date(2021, 1, 1), by="test", at=datetime(2021, 1, 1, tzinfo=UTC))
    opened.engine.dispose()
    return opened.home.root


@pytest.fixture
def portal(home):
    """Its address, and the process."""
    port = free_port()
    command = [sys.executable, "-m", "portal.demo", "--port", str(port), "--provider-port", str(free_port())]
    process = subprocess.Popen(command, env={**os.environ, "ATTENDANCE_HOME": str(home)})
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: is_up(f"{url}/health/ready"))
    yield url, process
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)


def wait_for(happened):
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.5)


def is_up(url):
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def sign_in(browser, url, account):
    """As somebody does: the portal, the provider's form, and back."""
    form = browser.get(f"{url}/sign-in/start", follow_redirects=True)
    hidden = {
        name: html.unescape(value) for name, value in re.findall(r'"hidden" name="(\w+)" value="([^"]*)"', form.text)
    }
    said = browser.post(form.url, data={**hidden, "username": account, "password": "demo"})
    back = browser.get(urljoin(str(form.url), said.headers["location"]))
    browser.get(back.headers["location"])


@needs_chromium
def test_the_manuals_pictures_are_taken(portal, tmp_path):
    """Each that the manual shows; all labels that they are taken by are there."""
    command = [sys.executable, "-m", "portal.demo.manual_pictures", "--address", portal[0], "--folder", str(tmp_path)]
    subprocess.run(command, check=True, timeout=2 * PATIENCE)
    assert {file.name for file in tmp_path.glob("*.png")} == {file.name for file in PICTURES.iterdir()}
    for file in PICTURES.iterdir():  # of the same size: width and height stand in a PNG's first 24 bytes
        assert (tmp_path / file.name).read_bytes()[:24] == file.read_bytes()[:24], file.name


def test_what_is_submitted_is_entered_and_published_by_itself(portal):
    url, process = portal
    with httpx.Client(timeout=30) as browser:
        sign_in(browser, url, "submitter")
        token = re.search(r'name="csrf" value="([^"]+)"', browser.get(f"{url}/submit").text)[1]
        file = {"file": ("202106.json", document(SCHOOL, MONTH), "application/json")}
        taken = browser.post(f"{url}/submit", data={"csrf": token}, files=file)
        assert taken.status_code == 303
        page = f"{url}/agencies/{SCHOOL}/{MONTH}"
        assert "下載" in browser.get(page).text  # its receipt
        wait_for(lambda: "有報送待檢核" not in browser.get(page).text)
        wait_for(lambda: SCHOOL in browser.get(f"{url}/reports/monthly-counts.csv?year=2021&m=6").text)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
