"""Measure late months: 500 agencies × 24 months handed in late, as one ordinary Dagster backfill.

    python benchmarks/dagster_backfill.py --agencies 500 --months 24
    python benchmarks/dagster_backfill.py --agencies 500 --months 24 --scattered --postgresql

Agencies of one person each hand in 24 months.  `dagster dev` is started, and the backfill asked for by the mutation
that its page sends: agencies that are neighbours in the register as a backfill of `agency_months`, `--scattered` ones
(every sixteenth) as a backfill of the job `late_entry` by month with their codes.  The sensor `late_arrivals`, which
would enter them by itself, is stopped first; nothing else is done by hand.  Printed: runs, seconds until the backfill
has ended and until all is published, and how often each month and year was published.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from assets.intake import HandedIn, hand_in
from assets.marks import ASSET
from assets.partitions import MONTHS, agency_month
from assets.platform import Platform
from assets.register import know_register
from pipelines.dagster_home import prepare
from pipelines.demo.people import national_id
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency

sys.path.append(str(Path(__file__).parents[1]))
from dagster_marks import postgresql

from tests.support.dagster_processes import dagster_process, wait_until
from tests.support.installations import PERSON, document
from tests.support.postgres import free_port

LOCATION = "attendance"
SCATTERED_EVERY = 16
PATIENCE = 7_200.0
LAUNCH = """mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}"""


def ask(port: int, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask Dagster's web server, as its page does."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)["data"]


def answers(port: int) -> bool:
    """Whether the server is there and the code is loaded."""
    query = "{ repositoriesOrError { __typename ... on RepositoryConnection { nodes { name } } } }"
    try:
        return bool(ask(port, query)["repositoriesOrError"].get("nodes"))
    except (OSError, KeyError):
        return False


def stop_sensor(port: int, name: str) -> None:
    """Switch a sensor off, as its page does."""
    sensor = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION, "sensorName": name}
    find = "query ($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor { sensorState { id } } } }"
    id_ = ask(port, find, {"s": sensor})["sensorOrError"]["sensorState"]["id"]
    stop = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"
    done = ask(port, stop, {"id": id_})["stopSensor"]["__typename"]
    if done != "StopSensorMutationResult":
        raise SystemExit(f"the sensor {name} was not stopped: {done}")


def agencies_known(opened: Platform, codes: Sequence[str]) -> None:
    """Put the agencies into the register."""
    with writing(opened.engine) as session:
        for code in codes:
            session.add(Agency(agency_code=code, name=f"機關 {code}", active_from=date(2015, 1, 1)))


def launch(port: int, agencies: Sequence[str], months: Sequence[str], *, scattered: bool) -> str:
    """Send the page's mutation; the backfill's id."""
    if scattered:
        ops = {"enter_month_of_all": {"config": {"agencies": list(agencies)}}}
        repository = {"repositoryLocationName": LOCATION, "repositoryName": "__repository__"}
        selector = {"partitionSetName": "late_entry_partition_set", "repositorySelector": repository}
        params = {"selector": selector, "partitionNames": list(months), "runConfigData": json.dumps({"ops": ops})}
    else:
        names = [str(agency_month(agency, month)) for agency in agencies for month in months]
        params = {"assetSelection": [{"path": ASSET.path}], "partitionNames": names}
    launched = ask(port, LAUNCH, {"params": params})["launchPartitionBackfill"]
    if "backfillId" not in launched:
        raise SystemExit(f"Dagster refuses the backfill: {launched}")
    return str(launched["backfillId"])


def main() -> None:
    """Make, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agencies", type=int, default=500)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--scattered", action="store_true", help="every sixteenth agency of the register")
    parser.add_argument("--postgresql", action="store_true", help="Dagster on PostgreSQL instead of SQLite")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="where files go")
    options = parser.parse_args()
    with (
        postgresql() if options.postgresql else nullcontext() as url,
        tempfile.TemporaryDirectory(dir=options.work) as folder,
    ):
        _measure(Path(folder), url, options)


def _measure(home: Path, url: str | None, options: argparse.Namespace) -> None:
    settings = Settings(home=home, dagster_url=url)
    opened = platform(settings, actor="benchmark")
    count = options.agencies * (SCATTERED_EVERY if options.scattered else 1)
    codes = [f"{300_000_000 + number * 100:09d}A" for number in range(count)]
    agencies_known(opened, codes)
    agencies = codes[:: SCATTERED_EVERY if options.scattered else 1]
    months = MONTHS.get_partition_keys()[: options.months]
    with dg.DagsterInstance.from_config(str(prepare(settings))) as instance:
        know_register(opened, instance)
        _run(instance, opened, agencies, months, options)
    opened.engine.dispose()


def _run(
    instance: dg.DagsterInstance,
    opened: Platform,
    agencies: Sequence[str],
    months: Sequence[str],
    options: argparse.Namespace,
) -> None:
    port, home = free_port(), opened.home.root
    command = ["dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
    with dagster_process(command, home, home / "dagster.log"):
        started = time.perf_counter()
        wait_until(lambda: answers(port), 120, every=0.1)
        print(f"dagster dev ready in {time.perf_counter() - started:.1f} s")
        stop_sensor(port, "late_arrivals")
        started = time.perf_counter()
        persons = {code: national_id(number, woman=False) for number, code in enumerate(agencies)}
        hand_in(opened, (_handed_in(code, month, persons[code]) for month in months for code in agencies))
        print(f"{len(agencies) * len(months):,} documents handed in in {time.perf_counter() - started:.0f} s")
        started = time.perf_counter()
        id_ = launch(port, agencies, months, scattered=options.scattered)
        print(f"backfill asked for in {time.perf_counter() - started:.1f} s", flush=True)
        wait_until(lambda: _ended(instance, id_), PATIENCE)
        marked = time.perf_counter() - started
        wait_until(lambda: _published(instance) >= set(months), PATIENCE)
        published = time.perf_counter() - started
        wait_until(lambda: all(run.is_finished for run in instance.get_runs()), PATIENCE)
    _print(instance, id_, {"all marked and the backfill ended": marked, "all published": published})


def _handed_in(code: str, month: str, person: str) -> HandedIn:
    return HandedIn(f"{code} {month}", document(code, month).replace(PERSON.encode(), person.encode()))


def _ended(instance: dg.DagsterInstance, id_: str) -> bool:
    backfill = instance.get_backfill(id_)
    return backfill is not None and backfill.status.value not in {"REQUESTED", "CANCELING", "FAILING"}


def _published(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_materialized_partitions(dg.AssetKey("core_tables")))


def _print(instance: dg.DagsterInstance, id_: str, seconds: dict[str, float]) -> None:
    backfill = instance.get_backfill(id_)
    assert backfill is not None
    print(f"backfill {backfill.status.value}: " + ", ".join(f"{what} after {s:.0f} s" for what, s in seconds.items()))
    runs = Counter((run.job_name, run.status.value) for run in instance.get_runs())
    for (job, status), count in sorted(runs.items()):
        taken = [
            record.end_time - record.start_time
            for record in instance.get_run_records(dg.RunsFilter(job_name=job))
            if record.start_time and record.end_time
        ]
        print(f"  {count} runs of {job}: {status}, {sum(taken) / len(taken):.1f} s each, longest {max(taken):.1f} s")
    for name in ("agency_months", "core_tables", "monthly_counts", "summary", "submission_ratios"):
        often = Counter(_materializations(instance, name).values())
        print(f"  {name}: " + ", ".join(f"{count:,} partitions {times} ×" for times, count in sorted(often.items())))


def _materializations(instance: dg.DagsterInstance, name: str) -> Counter[str]:
    """Partition → how often it was materialised."""
    found, cursor, more = Counter[str](), None, True
    while more:
        page = instance.fetch_materializations(dg.AssetKey(name), limit=1000, cursor=cursor)
        found.update(str(record.partition_key) for record in page.records)
        cursor, more = page.cursor, page.has_more
    return found


if __name__ == "__main__":
    main()
