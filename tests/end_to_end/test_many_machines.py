"""One month on many machines: PostgreSQL, an object store, Dagster's queue and a backfill; one machine's tables.

Every run is a process with a home folder of its own (`tests/support/own_home_launcher.py`).
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.marks import ASSET
from assets.partitions import agency_month
from assets.platform import Platform
from assets.register import know_register
from assets.reviewing import review
from pipelines.dagster_home import prepare
from pipelines.jobs import catch_up
from pipelines.resources import platform
from pipelines.settings import load_settings
from tests.support.dagster_processes import ROOT, dagster_process, request_backfill, wait_until
from tests.support.installations import add_agencies, document, refused, with_error
from tests.support.object_store import settings_of
from tests.support.own_home_launcher import use_own_homes
from tests.support.tables import rows
from warehouse.bundle_cache import bring
from warehouse.doctor import diagnose
from warehouse.ledger.engine import lock_months, reading, writing
from warehouse.publish.fetching import fetch
from warehouse.publish.publisher import publish

MONTH = "2021-06"
WORKERS, SHARE = 2, 12
#: Seconds: far more than it takes, as others may be at work on the machine.
PATIENCE = 600
#: Dagster makes a run of each stretch of neighbouring agencies: those between hand in nothing and keep them apart.
CODES = [f"3765{number:05}A" for number in range(WORKERS * (SHARE + 1))]
SHARES = [CODES[first : first + SHARE] for first in range(0, len(CODES), SHARE + 1)]
#: What the agencies of a share hand in, in turn.
KINDS = [document, document, with_error, document, refused, document]
DONE = {"COMPLETED_SUCCESS", "COMPLETED_FAILED"}


def prepared(opened: Platform) -> Platform:
    """The register of all agencies, and what those of the shares hand in."""
    add_agencies(opened, *CODES)
    codes = [code for share in SHARES for code in share]
    hand_in(opened, [HandedIn(code, KINDS[number % len(KINDS)](code, MONTH)) for number, code in enumerate(codes)])
    return opened


@pytest.fixture
def many(tmp_path, monkeypatch, object_store, new_postgresql_database) -> Iterator[Platform]:
    """An installation over PostgreSQL, for Dagster and the ledger, and an object store."""
    settings = {
        **settings_of(object_store),
        "home": str(tmp_path / "many"),
        "ledger_url": new_postgresql_database(),
        "dagster_url": new_postgresql_database().replace("+psycopg:", "+psycopg2:"),
        "concurrent_runs": str(WORKERS),
        "entry_workers": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"ATTENDANCE_{name.upper()}", value)
    opened = prepared(platform(load_settings(), actor="test"))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def one(tmp_path, many) -> Iterator[Platform]:
    """The same on one machine, in one process: SQLite and folders."""
    alone = {"ledger_url": None, "objects_url": None, "dagster_url": None}
    opened = prepared(platform(load_settings(tmp_path / "one").model_copy(update=alone), actor="test"))
    enter(opened, MONTH)
    review(opened)
    publish(opened.home, opened.engine, now=opened.clock())
    yield opened
    opened.engine.dispose()


def enter_by_backfill(many: Platform, instance: dg.DagsterInstance, log: Path) -> list[dg.DagsterRun]:
    """Backfill the month by a real daemon, all shares at once, until it is published by itself; the backfill's runs."""
    know_register(many, instance)
    id_ = request_backfill(instance, ASSET, [str(agency_month(code, MONTH)) for share in SHARES for code in share])

    def caught_up() -> bool:
        done = [run for run in instance.get_runs(dg.RunsFilter(job_name=catch_up.name)) if run.is_finished]
        return instance.get_backfill(id_).status.value in DONE and bool(done)

    ours = dg.RunsFilter(tags={"dagster/backfill": id_})
    command = ["dagster-daemon", "run", "-w", "workspace.yaml"]
    with dagster_process(command, many.home.root, log, PYTHONPATH=str(ROOT)):
        with writing(many.engine) as session:
            lock_months(session, [MONTH])  # whoever has checked its share waits to record it, until all are at work
            wait_until(lambda: [run.status.value for run in instance.get_runs(ours)] == ["STARTED"] * WORKERS, PATIENCE)
        wait_until(caught_up, PATIENCE)
    return instance.get_runs(ours)


def stored(opened: Platform) -> dict[str, bytes]:
    """Every file of the store, as this machine reads it."""
    with reading(opened.engine) as session:
        bring(opened.home, session)
    root = opened.home.store
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.parquet")}


def test_shares_of_a_month_on_many_workers_make_the_tables_of_one_machine(many, one, tmp_path):
    homes, dagster_home = tmp_path / "homes", prepare(load_settings())
    use_own_homes(dagster_home / "dagster.yaml", homes)
    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        runs = enter_by_backfill(many, instance, tmp_path / "daemon.log")
        assert {run.status.value for run in instance.get_runs()} == {"SUCCESS"}
    assert len(runs) == WORKERS
    workers = [homes / run.run_id for run in runs]
    assert all(home.is_dir() for home in workers)
    publishers = {home for home in homes.iterdir() if (home / "warehouse.duckdb").exists()}
    assert publishers
    assert not publishers & set(workers)
    # Workers keep nothing, and share nothing but ledger and object store with each other and with this process.
    for home in (*workers, many.home.root):
        assert not list(home.rglob("*.parquet"))
    assert not list(tmp_path.rglob("many/**/ledger.sqlite"))

    assert fetch(many.home, many.home.objects, many.clock(), many.grace).newer
    assert many.landing.files.place.startswith("s3://")
    assert not many.home.landing.exists()
    assert list(many.landing.ids()) == list(one.landing.ids())
    for id_ in many.landing.ids():
        assert many.landing.read(id_) == one.landing.read(id_)
    assert stored(many) == stored(one)
    found, expected = rows(many.home.warehouse), rows(one.home.warehouse)
    assert {table: len(of) for table, of in found.items()} == {table: len(of) for table, of in expected.items()}
    assert found == expected
    assert len(expected["core.leaves"]) == WORKERS * SHARE * 5 // 6  # one in six was refused
    assert [looked for looked in diagnose(many.home, lambda: None, many.landing.ring) if not looked.ok] == []
