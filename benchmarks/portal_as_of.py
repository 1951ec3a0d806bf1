"""A stranger's page while others ask for pasts (`?as_of=`), beside the quiet page and the commit before the queues.

    python benchmarks/portal_as_of.py                     # 80 pasts of 80 moments, of 40 accounts, at once

The country of `portal_pages.py`; a portal in a process of its own, for each of the two.  First a stranger's first page
is asked for by itself, then again and again from when the pasts are asked for until the last is answered, or for
`--seconds`.  Printed: median and longest of the page, what the pasts were answered with, and the ratios.
"""

import argparse
import http.client
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from commits import ROOT, checked_out
from deadline import served
from nation import AGENCIES, make_nation
from portal_pages import home_of

from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.access.authorisations import OPERATOR, Wanted, authorise
from warehouse.access.sessions import begin_session
from warehouse.ledger.engine import writing
from warehouse.ledger.migrate import configuration

#: The last commit in which pasts and pages shared their threads.
BEFORE = "c97ea5a"
#: Seconds that a page may take (issue 12).
TARGET = 0.3
_PAUSE = 0.05


@dataclass(frozen=True)
class Pages:
    """Seconds of a stranger's page, by itself and meanwhile; how many pasts were answered with which status."""

    quiet: list[float]
    meanwhile: list[float]
    pasts: Counter[int]


def main() -> None:
    """Make the country, measure both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pasts", type=int, default=80, help="pasts at once (default 80)")
    parser.add_argument("--accounts", type=int, default=40, help="accounts that ask for them (default 40)")
    parser.add_argument("--seconds", type=float, default=120.0, help="for so long at most (default 120)")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/attendance-benchmark"), help="where files go")
    options = parser.parse_args()
    out = Path(tempfile.mkdtemp(prefix="as-of-", dir=options.work))
    try:
        home_of(make_nation(options.work, 206 / AGENCIES), out)
        cookies = _operators(out / "home", options.accounts)
        now = _measured(ROOT, out / "home", cookies, options)
        with checked_out(BEFORE) as tree:
            _ledger_as_known_to(tree, out / "home")
            before = _measured(tree, out / "home", cookies, options)
    finally:
        shutil.rmtree(out)
    for name, one in ((BEFORE, before), ("now", now)):
        _print(name, one)
    print(f"longest page now ÷ {BEFORE}: {max(now.meanwhile) / max(before.meanwhile):.4f}")
    print(f"longest page now ÷ target of {TARGET * 1e3:.0f} ms: {max(now.meanwhile) / TARGET:.2f}")


def _ledger_as_known_to(tree: Path, home: Path) -> None:
    """Undo the migrations that a commit does not have: it would refuse the ledger."""
    newest = ScriptDirectory(str(tree / "warehouse" / "ledger" / "migrations")).get_current_head()
    opened = platform(Settings(home=home), actor="benchmark")
    with opened.engine.begin() as connection:
        command.downgrade(configuration(connection), newest)
    opened.engine.dispose()


def _operators(home: Path, number: int) -> list[str]:
    """Cookies of so many operators."""
    opened = platform(Settings(home=home), actor="benchmark")
    cookies, at = [], opened.clock()
    with writing(opened.engine) as session:
        for account in (f"operator-{number}" for number in range(number)):
            wanted = Wanted(account, "量測", OPERATOR, None, date(2021, 1, 1), None, "benchmark")
            authorise(session, wanted, actor="benchmark", at=at)
            cookies.append(begin_session(session, account, "量測", at=at)[0])
    opened.engine.dispose()
    return cookies


def _measured(tree: Path, home: Path, cookies: list[str], options: argparse.Namespace) -> Pages:
    with served([sys.executable, "-m", "portal", "--port"], home, tree) as port:
        _page(port)
        quiet = [_page(port) for _ in range(20)]
        pasts: Counter[int] = Counter()
        stop, meanwhile = time.monotonic() + options.seconds, []
        pool = ThreadPoolExecutor(options.pasts)
        begin = threading.Barrier(options.pasts + 1)
        asked = [
            pool.submit(_past, port, cookies[number % len(cookies)], number, begin) for number in range(options.pasts)
        ]
        begin.wait()
        while time.monotonic() < stop and not all(one.done() for one in asked):
            meanwhile.append(_page(port, options.seconds))
            time.sleep(_PAUSE)
        pasts.update(one.result() for one in wait(asked, timeout=0).done)
        pool.shutdown(wait=False, cancel_futures=True)
    return Pages(quiet, meanwhile, pasts)


def _page(port: int, timeout: float = 60.0) -> float:
    """Seconds of a stranger's first page; `timeout` where it takes longer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    started = time.perf_counter()
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except TimeoutError:
        return timeout
    finally:
        connection.close()
    return time.perf_counter() - started


def _past(port: int, cookie: str, number: int, begin: threading.Barrier) -> int:
    """The status of the answer; 0 where there was none."""
    begin.wait()
    moment = f"2021-07-{1 + number // 24:02}T{number % 24:02}:00"
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        path = f"/reports/summary?year=2021&m=6&as_of={moment}"
        connection.request("GET", path, headers={"Cookie": f"attendance={cookie}"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    return answer.status


def _print(name: str, pages: Pages) -> None:
    quiet, meanwhile = statistics.median(pages.quiet), statistics.median(pages.meanwhile)
    print(
        f"{name:>8}: quiet page median {quiet * 1e3:5.0f} ms   meanwhile median {meanwhile * 1e3:6.0f} ms   "
        f"longest {max(pages.meanwhile) * 1e3:6.0f} ms   "
        f"over the target {sum(one > TARGET for one in pages.meanwhile)} of {len(pages.meanwhile)}   "
        f"longest ÷ quiet {max(pages.meanwhile) / quiet:.1f}   pasts answered {dict(sorted(pages.pasts.items()))}"
    )


if __name__ == "__main__":
    main()
