"""`python -m portal.demo.manual_pictures`: the manual's pictures, of the demo as `make portal` serves it.

The demo's school submits June with something to correct and something to explain; what the manual shows is what the
portal then shows.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from portal.demo.pictures import ADDRESS, signed_in, take
from portal.pages.manual import PICTURES

_WIDE, _HIGH = 900, 620
#: Pictures of which more is shown.
_HIGHER = {"check": 1000, "year": 740, "agencies": 700}
#: Seconds that the demo may take to enter what was submitted.
_PATIENCE = 120
_AGENCY, _MONTH = "376500102Y", "2021-06"
_PLACE, _YEAR = f"/agencies/{_AGENCY}/{_MONTH}", f"/agencies/{_AGENCY}?year={_MONTH[:4]}"


def _document() -> dict[str, Any]:
    """June of the school: a leave that ends before it begins, and one that counts the lunch hour."""
    leaves = [
        ("L-0001", "B223456782", "2021-06-03T17:30", "2021-06-03T08:30", 8),
        ("L-0002", "A123456789", "2021-06-08T08:30", "2021-06-08T17:30", 9),
        ("L-0003", "A123456789", "2021-06-22T08:30", "2021-06-22T12:30", 4),
    ]
    names = ("record_id", "person_id", "start", "end", "hours")
    employee = {"employment_type": "civil_servant", "work_pattern": "office", "clocks": False}
    return {
        "format_version": "1.1",
        "agency_code": _AGENCY,
        "month": _MONTH,
        "produced_by": {"system": "自建差勤系統", "version": "3.2"},
        "produced_at": f"2021-07-12T09:12:{int(time.time()) % 60:02}+08:00",  # another document each time
        "employees": [
            {"person_id": "A123456789", "name": "王小明", **employee},
            {"person_id": "B223456782", "name": "林美玉", **employee},
        ],
        "leaves": [{**dict(zip(names, leave, strict=True)), "leave_type": "03"} for leave in leaves],
        "overtime": [],
        "clockings": [],
    }


def main() -> None:
    """Take them; the portal of the demo must be up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default=ADDRESS)
    parser.add_argument("--folder", type=Path, default=PICTURES)
    options = parser.parse_args()
    with TemporaryDirectory() as temporary, sync_playwright() as playwright:
        file = Path(temporary) / "202106.json"
        file.write_text(json.dumps(_document(), ensure_ascii=False), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            _of_the_clerk(_page(browser, "submitter", options.address), file, options.folder)
            _of_the_authority(_page(browser, "authority", options.address), options.folder)
        finally:
            browser.close()


def _page(browser: Browser, who: str, address: str) -> Page:
    return signed_in(browser, who, _WIDE, "light", address)


def _of_the_clerk(page: Page, file: Path, folder: Path) -> None:
    _keep(page, folder, "home")
    for place, button, name in (("/check", "檢核", "check"), ("/submit", "報送", "submit")):
        page.goto(place)
        page.set_input_files("#file", str(file))
        page.get_by_role("button", name=button).click()
        page.locator("#result").wait_for()
        _keep(page, folder, name)
    _until(page, _PLACE, lambda: page.get_by_text("待檢核").count() == 0 and page.locator("#W210").count() == 1)
    _keep(page, folder, "findings")
    page.evaluate("document.querySelector('#W210').scrollIntoView()")
    _keep(page, folder, "explain")
    _until(page, _YEAR, lambda: page.get_by_text("入檔有誤").count() == 1)  # it is of what is published
    _keep(page, folder, "year")


def _until(page: Page, place: str, entered: Callable[[], bool]) -> None:
    """Open a page again and again until what was submitted is seen there."""
    end = time.monotonic() + _PATIENCE
    while True:
        page.goto(place)
        if entered():
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{place}: not entered within {_PATIENCE} s")
        time.sleep(1)


def _of_the_authority(page: Page, folder: Path) -> None:
    page.goto(f"/agencies?year={_MONTH[:4]}")
    _keep(page, folder, "agencies")
    page.goto(f"/reports/submission-ratios?year={_MONTH[:4]}")
    _keep(page, folder, "ratios")


def _keep(page: Page, folder: Path, name: str) -> None:
    page.set_viewport_size({"width": _WIDE, "height": _HIGHER.get(name, _HIGH)})
    take(page, folder / f"{name}.png")


if __name__ == "__main__":
    main()
