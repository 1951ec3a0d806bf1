"""Measure Dagster's pages over a full grid: 8,300 agencies × 60 months, every one of them marked.

    python benchmarks/dagster_pages.py --postgresql --screenshots /tmp/pages

Needs Chromium (apt-get install chromium) and 6 GB of disk.  `dagster dev` is started over the grid and a new browser
opens the partition page of `agency_months` each time.  Printed: seconds until `dagster dev` answers with its code
loaded, and until the page shows its counts (in brackets the processor time that the web server took, which a busy
machine stretches less): the first time after the start, then as people find it, then after another month was marked.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dagster as dg
import psutil
from dagster_backfill import answers
from dagster_marks import mark, marks_of_a_month, postgresql
from full_grid import fill
from playwright.sync_api import sync_playwright

from assets.marks import Mark
from assets.partitions import MONTHS
from pipelines.dagster_home import prepare
from pipelines.settings import Settings
from tests.support.dagster_processes import dagster_process, wait_until
from tests.support.postgres import free_port

BROWSER = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE = 300.0
QUIET_PERCENT = 10
SHOWN = re.compile(r"Materialized \(([1-9][0-9]*)\)")


def main() -> None:
    """Fill, start, open, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agencies", type=int, default=8_300)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--screenshots", type=Path, help="a folder for what the page looked like")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="where files go")
    parser.add_argument("--quiet", type=float, default=0, metavar="SECONDS", help="wait so long for a quiet machine")
    options = parser.parse_args()
    if not BROWSER.exists():
        raise SystemExit(f"{BROWSER} is not there: apt-get install chromium")
    with (
        postgresql() if options.postgresql else nullcontext() as url,
        tempfile.TemporaryDirectory(dir=options.work) as folder,
    ):
        home, months = Path(folder), MONTHS.get_partition_keys()
        settings = Settings(home=home, dagster_url=url)
        with dg.DagsterInstance.from_config(str(prepare(settings))) as instance:
            started = time.perf_counter()
            count = fill(instance, home, url, options.agencies, months[: options.months])
            print(f"{count:,} agency-months filled in in {time.perf_counter() - started:.0f} s", flush=True)
            _look(instance, home, marks_of_a_month(options.agencies, months[options.months]), options)


def _look(instance: dg.DagsterInstance, home: Path, another_month: Sequence[Mark], options: argparse.Namespace) -> None:
    port, pictures = free_port(), options.screenshots
    others = _wait_for_quiet(options.quiet)
    started = time.perf_counter()
    with dagster_process(["dagster", "dev", "-w", "workspace.yaml", "-p", str(port)], home, home / "log") as process:
        wait_until(lambda: answers(port), PATIENCE, every=0.1)
        taken, used = time.perf_counter() - started, _processor_time(process.pid)
        print(f"dagster dev ready in {taken:.1f} s (its processes together {used:.1f} s); {others}", flush=True)
        for what in ("first", "again", "and again", "after a month marked since"):
            if what.startswith("after"):
                mark(instance, another_month, another_month[0].month)
            others = _wait_for_quiet(options.quiet)
            taken, cpu, shown = _open(port, process.pid, pictures and pictures / f"{what.replace(' ', '-')}.png")
            print(f"grid opened, {what}: {taken:.1f} s ({cpu:.1f} s), {shown:,} materialised; {others}", flush=True)


def _wait_for_quiet(seconds: float) -> str:
    """Wait until a tenth of the machine is in use at most, or the time is up; what was in use just before."""
    until = time.monotonic() + seconds
    while (busy := psutil.cpu_percent(interval=2)) > QUIET_PERCENT and time.monotonic() < until:
        pass
    return f"{busy:.0f} % of the machine in use just before"


def _open(port: int, dagster: int, picture: Path | None) -> tuple[float, float, int]:
    """Seconds until the page shows how many are materialised, the server's processor time, and that number."""
    server = _web_server(dagster)
    with _page() as page:
        started, cpu = time.perf_counter(), sum(server.cpu_times()[:2])
        page.goto(f"http://127.0.0.1:{port}/assets/agency_months?view=partitions")
        page.get_by_text(SHOWN).wait_for(timeout=PATIENCE * 1000)
        taken = time.perf_counter() - started
        used = sum(server.cpu_times()[:2]) - cpu
        found = SHOWN.search(page.inner_text("body"))
        if picture:
            picture.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(picture))
    assert found is not None
    return taken, used, int(found[1])


@contextmanager
def _page() -> Iterator:  # type: ignore[type-arg]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(BROWSER), args=list(ARGUMENTS))
        try:
            yield browser.new_page(viewport={"width": 1400, "height": 900})
        finally:
            browser.close()


def _processor_time(dagster: int) -> float:
    process = psutil.Process(dagster)
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


def _web_server(dagster: int) -> psutil.Process:
    for child in psutil.Process(dagster).children(recursive=True):
        if "dagster_webserver" in " ".join(child.cmdline()):
            return child
    raise SystemExit("dagster dev has no web server")


if __name__ == "__main__":
    main()
