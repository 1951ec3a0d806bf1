"""The portal's pages with the whole country in it: 8,300 agencies, every month since collection began owed.

    python benchmarks/portal_pages.py                     # median and longest of 20 requests a page, as an operator

A home of its own: the register of a national month, the documents of some agencies of one month entered and published;
everybody else owes.  The portal is a process of its own (`python -m portal`); one browser's requests, one after the
other.  DuckDB's own time for the same filter is printed beside the list, as what the page cannot be quicker than.
"""

import argparse
import http.client
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from deadline import served
from nation import AGENCIES, MONTH, Nation, make_nation, write_register

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.access.authorisations import OPERATOR, Wanted, authorise
from warehouse.access.sessions import begin_session
from warehouse.ledger.engine import writing
from warehouse.publish.database import open_warehouse
from warehouse.register import import_register

PAGES = (
    "/",
    "/agencies?year=2021",
    "/agencies?year=2021&page=80",
    "/agencies?year=2021&q=%E7%AC%AC12",
    "/agencies?year=2021&show=missing",
    "/agencies/300000100A?year=2021",
    f"/agencies/300000100A/{MONTH}",
    "/reports/submission-ratios?year=2021",
    "/reports/submission-ratios?year=2021&page=50",
    "/reports/due-months?year=2021&page=500",
    "/reports/monthly-counts?year=2021&m=6",
    "/reports/summary?year=2021&m=6",
)
#: What the list asks of DuckDB when it is narrowed down to those who owe.
_LIST = "SELECT DISTINCT agency_code FROM reports.submission_status WHERE month BETWEEN '2021-01' AND '2021-12' AND due"


@dataclass(frozen=True)
class Page:
    """Seconds of each request and bytes of the answer."""

    path: str
    seconds: list[float]
    size: int


def main() -> None:
    """Make the country, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="requests a page (default 20)")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/attendance-benchmark"), help="where files go")
    options = parser.parse_args()
    out = Path(tempfile.mkdtemp(prefix="pages-", dir=options.work))
    try:
        cookie, listing = home_of(make_nation(options.work, 206 / AGENCIES), out)
        with served([sys.executable, "-m", "portal", "--port"], out / "home") as port:
            for path in PAGES:
                _print(_asked(port, path, cookie, options.times))
        print(f"{'DuckDB alone, the list of those who owe':<50} {listing * 1e3:6.0f} ms")
    finally:
        shutil.rmtree(out)


def home_of(nation: Nation, out: Path) -> tuple[str, float]:
    """Make the home `out/home`: an operator's cookie, and the seconds that DuckDB takes for the list."""
    opened = platform(Settings(home=out / "home"), actor="benchmark")
    register = out / "register.csv"
    write_register(register, [50] * AGENCIES)
    with writing(opened.engine) as session:
        import_register(session, register, date(2021, 1, 1))
    hand_in(opened, (HandedIn(name, Path(name).read_bytes()) for name in nation.sound_files))
    enter(opened, MONTH)
    publish_now(opened, [MONTH])
    with writing(opened.engine) as session:
        wanted = Wanted("operator", "量測", OPERATOR, None, date(2021, 1, 1), None, "benchmark")
        authorise(session, wanted, actor="benchmark", at=opened.clock())
        cookie, _ = begin_session(session, "operator", "量測", at=opened.clock())
    listing = _list_alone(opened)
    opened.engine.dispose()
    return cookie, listing


def _list_alone(opened: Platform) -> float:
    with open_warehouse(opened.home.warehouse) as connection:
        connection.execute(_LIST).fetchall()
        started = time.perf_counter()
        connection.execute(_LIST).fetchall()
        return time.perf_counter() - started


def _asked(port: int, path: str, cookie: str, times: int) -> Page:
    seconds, size = [], 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    for _ in range(times + 1):  # the first is not counted: it imports
        started = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"attendance={cookie}"})
        answer = connection.getresponse()
        size = len(answer.read())
        seconds.append(time.perf_counter() - started)
        if answer.status != http.client.OK:
            sys.exit(f"{path}: {answer.status}")
    return Page(path, seconds[1:], size)


def _print(page: Page) -> None:
    median, longest = statistics.median(page.seconds) * 1e3, max(page.seconds) * 1e3
    print(f"{page.path:<50} median {median:6.0f} ms   longest {longest:6.0f} ms   {page.size / 1e3:6.0f} kB")


if __name__ == "__main__":
    main()
