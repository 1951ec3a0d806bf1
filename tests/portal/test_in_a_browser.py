"""The portal in Debian's Chromium: what a person does, by mouse and by keyboard, wide and narrow, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from tests.portal.conftest import needs_chromium
from tests.support.installations import AUTHORITY, FIRST, document, with_error

pytestmark = needs_chromium

#: A file dropped on the form, as the browser hands it to the page.
DROP = """(text) => {
  const held = new DataTransfer();
  held.items.add(new File([text], "dropped.json", {type: "application/json"}));
  const form = document.querySelector("[data-drop]");
  form.dispatchEvent(new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "submission.json"
    path.write_bytes(with_error(FIRST))
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_a_file_is_chosen_and_its_findings_read(browser, served, file, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{served}/check")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="檢核").click()
    page.get_by_role("heading", name="部分退件").wait_for()
    assert page.get_by_text("/overtime/0/person_id").is_visible()
    assert page.evaluate("document.activeElement.id") == "result"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    page.close()


def test_a_file_is_dropped(browser, served, file):
    page = browser.new_page()
    page.goto(f"{served}/check")
    page.evaluate(DROP, file.read_text(encoding="utf-8"))
    page.get_by_role("heading", name="部分退件").wait_for()
    assert page.get_by_text("dropped.json").is_visible()
    page.close()


@pytest.mark.parametrize("place", ["/format?lang=zh", "/manual?lang=zh"])
def test_a_long_page_is_read_by_keyboard(browser, served, place):
    """From the top to a heading by the contents; what is too wide scrolls."""
    page = browser.new_page(viewport={"width": 375, "height": 700})
    page.goto(f"{served}{place}")
    contents = page.get_by_role("navigation", name="目次").get_by_role("link")
    focused = "document.activeElement.textContent"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == contents.nth(0).inner_text():
            break
    page.keyboard.press("Tab")
    heading = page.evaluate(focused)
    assert heading == contents.nth(1).inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("scrollY > 100")
    assert page.get_by_role("heading", name=heading, exact=True).bounding_box()["y"] < 100
    wide = page.get_by_role("region").first
    wide.focus()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    page.close()


def test_by_keyboard_alone(browser, served):
    page = browser.new_page()
    page.goto(f"{served}/check")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_a_ratio_is_opened_in_a_browser_and_axe_finds_nothing(browser, served, opened, people, width, scheme):
    hand_in(opened, [HandedIn("x.json", document(FIRST, "2021-05"))])
    enter(opened, "2021-05")
    publish_now(opened, ())
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.add_cookies([{"name": "attendance", "value": people["operator"][0], "url": served}])
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    for place in ("/reports", "/reports/summary", "/reports/submission-ratios"):
        page.goto(f"{served}{place}")
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name=f"機關 {AUTHORITY}").first.click()
    page.get_by_role("link", name=f"機關 {FIRST}").click()
    page.get_by_role("link", name="110年5月").click()
    assert page.url == f"{served}/agencies/{FIRST}/2021-05"
    assert said == []
    context.close()
