"""What analysts wait for with years of national months stored, while a run is publishing.

    python benchmarks/analysts.py --share 1 --months 60

Each question is asked a hundred times, every time by a connection of its own to `warehouse.duckdb`, in a process of
its own, while another process publishes one late agency after the other.  Printed are the median, the 95th percentile
and the slowest in seconds, how many failed, and the ratio to the same question put to the partition files of the store
(for what the store holds: one month).  Then: what publishing one late agency costs with one month stored and with all.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

import duckdb
from nation import MONTH, Nation, make_nation, open_nation
from years import late_agency, made_home, open_home

from assets.publishing import publish_now
from warehouse.duties.calendar import shipped
from warehouse.publish.database import open_warehouse

ASKED = 100
QUESTIONS = {
    "year's ratios": "SELECT * FROM reports.submission_ratios WHERE year = 2021 AND scope <> 'agency'",
    "month's summary": f"SELECT * FROM reports.summary WHERE month = '{MONTH}' AND scope <> 'agency'",
    "agency's history": (
        "SELECT month, leave_type, count(*), sum(hours_in_month) FROM core.leaves WHERE agency_code = '{agency}' "
        "GROUP BY ALL ORDER BY ALL"
    ),
    "agency's clockings": "SELECT month, count(*) FROM core.clockings WHERE agency_code = '{agency}' GROUP BY ALL",
    "agency's status": "SELECT * FROM reports.submission_status WHERE agency_code = '{agency}' ORDER BY month",
}
#: The same of the one month, out of the partition files.
_FROM_STORE = (
    "SELECT count(*) FROM read_parquet('{store}/{dataset}/*/*/*.parquet', hive_partitioning=false) "
    "WHERE agency_code = '{agency}'"
)


def main() -> None:
    """Measure and print; `--publish`: be the process that publishes until it is ended."""
    options = _options()
    if options.publish:
        _publish_for_ever(options.publish, open_nation(options.nation))
        return
    nation = make_nation(options.work, options.share)
    home = made_home(nation, options.work, options.months)
    _questions(nation, home)
    _late_agencies(nation, options, home)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.05, help="of a national month (default 0.05)")
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/attendance-benchmark"))
    for inner in ("--publish", "--nation"):
        parser.add_argument(inner, type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _publish_for_ever(home: Path, nation: Nation) -> None:
    opened = open_home(home, shipped().due(MONTH) + timedelta(days=1))
    number = 0
    while True:
        late_agency(opened, nation, number)
        publish_now(opened, [MONTH])
        number += 1
        print(number, flush=True)


def _questions(nation: Nation, home: Path) -> None:
    agency = nation.agencies[len(nation.agencies) // 2].agency_code
    command = [sys.executable, __file__, "--publish", str(home), "--nation", str(nation.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
        assert publisher.stdout is not None
        publisher.stdout.readline()  # the first is through: from here on one is always under way
        took: dict[str, list[float]] = {name: [] for name in QUESTIONS}
        failed = dict.fromkeys(QUESTIONS, 0)
        for _ in range(ASKED):
            for name, question in QUESTIONS.items():
                started = time.perf_counter()
                try:
                    with open_warehouse(home / "warehouse.duckdb") as warehouse:
                        warehouse.execute(question.format(agency=agency)).fetchall()
                except duckdb.Error as error:
                    failed[name] += 1
                    print(f"{name}: {error}", file=sys.stderr)
                took[name].append(time.perf_counter() - started)
        publisher.kill()
    print(f"{'':22}{'median':>10}{'95 %':>10}{'slowest':>10}{'failed':>10}   of {ASKED}, while publishing")
    for name, seconds in took.items():
        cells = (median(seconds), quantiles(seconds, n=20)[-1], max(seconds))
        print(f"{name:22}" + "".join(f"{cell:>10.3f}" for cell in cells) + f"{failed[name]:>10}")
    _beside_the_store(home, agency, took)


def _beside_the_store(home: Path, agency: str, took: dict[str, list[float]]) -> None:
    for dataset, name in (("leaves", "agency's history"), ("clockings", "agency's clockings")):
        question = _FROM_STORE.format(store=home / "store", dataset=dataset, agency=agency)
        started = time.perf_counter()
        duckdb.connect().execute(question).fetchall()
        seconds = time.perf_counter() - started
        ratio = median(took[name]) / seconds
        print(f"{name}, all months, is {ratio:.2f} of one month out of the partition files ({seconds:.2f} s)")


def _late_agencies(nation: Nation, options: argparse.Namespace, home: Path) -> None:
    """Publishing one late agency, with one month stored and with all of them."""
    seconds = {}
    for months in (1, options.months):
        root = home if months == options.months else made_home(nation, options.work, months)
        opened = open_home(root, shipped().due(MONTH) + timedelta(days=2))
        runs = []
        for number in range(50, 53):
            late_agency(opened, nation, number)
            started = time.perf_counter()
            publish_now(opened, [MONTH])
            runs.append(time.perf_counter() - started)
        opened.engine.dispose()
        seconds[months] = median(runs)
    flat = seconds[options.months] / seconds[1]
    print(f"publishing one late agency: {seconds[1]:.1f} s with 1 month stored, "
          f"{seconds[options.months]:.1f} s with {options.months}: ratio {flat:.2f}")  # fmt: skip
    report = options.work / f"analysts-{options.share:g}-{options.months}.json"
    report.write_text(json.dumps({"publish_one_late_agency": seconds}, indent=1))


if __name__ == "__main__":
    main()
