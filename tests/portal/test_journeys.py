"""What people come to the portal for, from the first click to the last, in Debian's Chromium over a real server.

Signing in by the single sign-on is in `test_sign_in.py`, the reports are in `test_in_a_browser.py`.
"""

import hashlib
import io
import json
import subprocess
import sys

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.reviewing import review
from tests.portal.conftest import needs_chromium
from tests.support.installations import FIRST, SECOND, document, with_error

pytestmark = needs_chromium
MONTH = "2021-06"
PLACE = f"/agencies/{FIRST}/{MONTH}"


@pytest.fixture
def page_of(browser, served, people):
    """A page of somebody of `PEOPLE` who is signed in; what the console said is in `page.said` and must be nothing."""
    contexts = []

    def opened(who, width=1200, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=served, accept_downloads=True
        )
        if who is not None:
            context.add_cookies([{"name": "attendance", "value": people[who][0], "url": served}])
        contexts.append(context)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        return page

    yield opened
    for context in contexts:
        assert [page.said for page in context.pages if page.said] == []
        context.close()


@pytest.fixture
def judged(opened):
    """June of two agencies that both have the same person: a warning each, and an error in the second."""
    hand_in(opened, [HandedIn("first.json", document(FIRST)), HandedIn("second.json", with_error(SECOND))])
    enter(opened, MONTH)
    review(opened)
    publish_now(opened, [MONTH])
    return opened


def download(page, name):
    """The bytes that a link with this name brings."""
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    return coming.value.path().read_bytes()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (375, "dark")])
def test_submitting_by_hand(page_of, opened, tmp_path, width, scheme):
    page, file = page_of("submitter", width, scheme), tmp_path / "june.json"
    file.write_bytes(with_error(FIRST))
    page.goto("/")
    page.locator("main").get_by_role("link", name="手動報送").click()
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="報送").click()
    page.get_by_role("heading", name="已收件，但部分紀錄將退件").wait_for()
    assert page.evaluate("document.activeElement.id") == "result"
    assert page.get_by_text("成功").count() == 0
    assert page.get_by_text("/overtime/0/person_id").is_visible()
    id_ = hashlib.sha256(file.read_bytes()).hexdigest()
    assert page.url.endswith(f"{PLACE}/submissions/{id_}")
    receipt = json.loads(download(page, "下載收據"))
    assert (receipt["submission_id"], receipt["agency_code"]) == (id_, FIRST)
    assert opened.landing.read(id_) == file.read_bytes()
    page.reload()
    assert page.get_by_role("heading", name="已收件，但部分紀錄將退件").is_visible()


def test_a_month_is_looked_at_explained_and_taken_home(page_of, judged):
    page = page_of("head")
    page.goto("/agencies")
    page.get_by_role("link", name=f"機關 {FIRST}").click()
    page.get_by_role("link", name="110年6月").click()
    assert page.get_by_role("heading", name="W209").is_visible()
    page.get_by_role("link", name="依紀錄檢視").click()
    assert page.get_by_text("W209").first.is_visible()
    page.get_by_role("link", name="依規則檢視").click()
    reason = page.get_by_label("原因")
    reason.select_option(index=1)
    page.get_by_label("說明 words, no personal data").fill("兼任")
    page.get_by_role("button", name="說明全部未說明者").click()
    page.get_by_text("已說明").wait_for()
    assert page.get_by_text("待說明 0 件").is_visible()
    book = openpyxl.load_workbook(io.BytesIO(download(page, "下載檢誤 XLSX")))
    assert "W209" in {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    page.get_by_role("button", name="收回說明").click()
    page.get_by_text("待說明 1 件").wait_for()


def test_the_next_file_says_what_changed(page_of, judged):
    page = page_of("elsewhere")
    hand_in(judged, [HandedIn("mended.json", document(SECOND))])
    enter(judged, MONTH)
    page.goto(f"/agencies/{SECOND}/{MONTH}")
    page.get_by_role("link", name="與前次報送比較").click()
    assert page.get_by_text("R102").first.is_visible()


def test_a_list_is_narrowed_while_typing(page_of, judged):
    page = page_of("operator")
    page.goto("/agencies")
    page.get_by_label("名稱或代碼").press_sequentially(FIRST)
    page.get_by_text("1 個機關").wait_for()
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.locator("tbody tr").count() == 1


def test_a_head_authorises_somebody_and_withdraws_it(page_of):
    page = page_of("head")
    page.goto(f"/agencies/{FIRST}")
    page.get_by_role("link", name="授權人員").click()
    page.get_by_label("單一簽入帳號").fill("ecpa-0042")
    page.get_by_label("姓名").fill("新進人員")
    page.get_by_label("角色").select_option("submitter")
    page.get_by_label("原因", exact=False).last.fill("新任")
    page.get_by_role("button", name="授權 Authorise").click()
    row = page.get_by_role("row").filter(has_text="ecpa-0042")
    row.get_by_text("生效中，撤銷").click()
    row.get_by_label("原因").fill("調職")
    row.get_by_role("button", name="撤銷").click()
    page.get_by_role("row").filter(has_text="ecpa-0042").get_by_text("調職").wait_for()


def test_a_system_is_given_a_token_and_uses_the_client_from_the_page(page_of, served, tmp_path):
    page = page_of("head")
    page.goto(f"/agencies/{FIRST}/tokens")
    page.get_by_label("系統名稱").fill("自建差勤系統")
    page.get_by_role("button", name="核發").click()
    page.get_by_role("heading", name="權杖只顯示這一次").wait_for()
    token = page.locator("section.result code").inner_text()
    page.get_by_role("link", name="介接 API").first.click()
    (tmp_path / "client.py").write_bytes(download(page, "client.py"))
    (tmp_path / "june.json").write_bytes(document(FIRST))
    program = (
        "import sys; from pathlib import Path; from client import Attendance\n"
        "document = Path('june.json').read_bytes()\n"
        "with Attendance(sys.argv[1], sys.argv[2]) as attendance:\n"
        "    print(attendance.check(document)['verdict'])\n"
        "    print(attendance.submit(document)['receipt']['state'])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, served, token], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["ok", "received"]
    page.goto(f"/agencies/{FIRST}/tokens")
    page.get_by_role("button", name="註銷").click()
    page.get_by_text("註銷 revoked").wait_for()


PAGES = {
    None: (
        *("/", "/check", "/api", "/sign-in", "/nowhere"),
        *("/format?lang=zh", "/format?lang=en", "/manual?lang=zh", "/manual?lang=en"),
    ),
    "operator": (
        *("/", "/check", "/submit", "/agencies", "/api"),
        *(f"/agencies/{SECOND}", f"/agencies/{SECOND}/{MONTH}", f"/agencies/{SECOND}/{MONTH}?by=record"),
        *(f"/agencies/{SECOND}/{MONTH}/changes", f"/agencies/{SECOND}/authorisations", f"/agencies/{SECOND}/tokens"),
    ),
    "authority": ("/", "/agencies"),
    "stranger": ("/", f"/agencies/{FIRST}"),
}


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (375, "light")])
def test_axe_finds_nothing_on_any_page_and_none_is_too_wide(page_of, judged, width, scheme):
    """WCAG 2.1 A and AA, as far as axe can tell, and what it holds for good practice."""
    hand_in(judged, [HandedIn("again.json", with_error(SECOND) + b" ")])
    enter(judged, MONTH)
    found = {}
    for who, places in PAGES.items():
        page = page_of(who, width, scheme)
        for place in places:
            page.goto(place)
            page.wait_for_load_state()
            faults = [
                (one["id"], [node["html"] for node in one["nodes"]][:3])
                for one in Axe().run(page).response["violations"]
            ]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(("too-wide", []))
            if faults:
                found[who, place] = faults
        page.said[:] = [said for said in page.said if "404" not in said and "403" not in said]
    assert found == {}
