"""`python -m portal.demo.pictures FOLDER`: README's pictures of the portal, of the demo as `make portal` serves it."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ADDRESS = "http://127.0.0.1:8300"
_PASSWORD = "demo"  # noqa: S105 — no secret
_WIDE, _NARROW = 1000, 390
_HEIGHT = 760
#: A document with something wrong in it, of the demo's submitter.
_FAULTY = """{
  "format_version": "1.0",
  "agency_code": "376500102Y",
  "month": "2021-06",
  "produced_by": {"system": "自建差勤系統", "version": "3.2"},
  "produced_at": "2021-07-05T09:12:00+08:00",
  "employees": [
    {"person_id": "A123456789", "name": "王小明", "employment_type": "teacher", "from": null, "to": null}
  ],
  "leaves": [
    {"record_id": "L-0001", "person_id": "A123456789", "leave_type": "03", "start": "2021-06-03T17:30",
     "end": "2021-06-03T08:30", "hours": 8, "certificate": false, "reason": null}
  ],
  "overtime": [
    {"record_id": "O-0001", "person_id": "B223456782", "start": "2021-06-04T18:00", "end": "2021-06-04T20:00",
     "minutes": 120, "compensation": "time_off"}
  ],
  "clockings": []
}
"""


def main() -> None:
    """Take them; the portal of the demo must be up."""
    folder = Path(sys.argv[1])
    file = folder / "202106.json"
    file.write_text(_FAULTY, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            _of_the_head(browser, folder, file)
            _of_the_authority(browser, folder)
        finally:
            browser.close()
            file.unlink()


def _of_the_head(browser: Browser, folder: Path, file: Path) -> None:
    page = signed_in(browser, "head", _WIDE, "light")
    page.goto("/agencies/376500102Y/authorisations")
    take(page, folder / "portal-people.png")
    for place, button, name in (("/check", "檢核", "portal-check.png"), ("/submit", "報送", "portal-submit.png")):
        page.goto(place)
        page.set_input_files("#file", str(file))
        page.get_by_role("button", name=button).click()
        page.locator("#result").wait_for()
        take(page, folder / name)
    page.goto("/api")
    take(page, folder / "portal-api.png")


def _of_the_authority(browser: Browser, folder: Path) -> None:
    page = signed_in(browser, "authority", _WIDE, "light")
    page.goto("/agencies?year=2021")
    take(page, folder / "portal-status.png")
    page.goto("/reports/submission-ratios?year=2021")
    take(page, folder / "portal-ratios.png")
    page = signed_in(browser, "authority", _NARROW, "dark")
    page.goto("/reports/submission-ratios?year=2021&scope=authority")
    take(page, folder / "portal-narrow.png")


def signed_in(browser: Browser, who: str, width: int, scheme: str, address: str = ADDRESS) -> Page:
    """A page of somebody of the demo's people, signed in and on the first page."""
    context = browser.new_context(
        viewport={"width": width, "height": _HEIGHT},
        color_scheme="dark" if scheme == "dark" else "light",
        base_url=address,
        locale="zh-TW",
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("link", name="以單一簽入登入").click()
    page.get_by_label("帳號").fill(who)
    page.get_by_label("密碼").fill(_PASSWORD)
    page.get_by_role("button", name="登入").click()
    page.wait_for_url(f"{address}/")
    return page


def take(page: Page, file: Path) -> None:
    """What is seen of a page now, into a file."""
    page.evaluate("document.fonts.ready")
    page.screenshot(path=file)


if __name__ == "__main__":
    main()
