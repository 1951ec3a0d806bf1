"""The doctor finds each thing that can be wrong, says where and what to do, and changes nothing."""

import os
import shutil
import time
from collections.abc import Callable

import duckdb
import pytest
from sqlalchemy import text

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from pipelines.landing_keys import landing_ring
from pipelines.settings import load_settings
from tests.support.installations import AUTHORITY, FIRST, NOW, document, installation, with_error
from warehouse.diagnosis import REBUILD, RESTORE, Diagnosis
from warehouse.doctor import diagnose
from warehouse.home import Home
from warehouse.ledger.arrivals import SETTLED
from warehouse.publish.publisher import publish

LEDGER, LANDING, COMPLETE = "報送帳冊 ledger", "收檔區 landing", "收檔區與帳冊 landing and ledger"
ORPHANS, LEFTOVERS = "未登錄的檔案 orphans", "未完成的收檔 leftovers"
SUMS = "已發布檔案雜湊 published sums"
STORE, FINDINGS, WAREHOUSE = "資料庫與帳冊 store and ledger", "檢誤結果 findings", "warehouse.duckdb"


@pytest.fixture
def platform(tmp_path) -> Platform:
    """An installation with a month entered and published."""
    opened = installation(tmp_path / "home")
    hand_in(opened, [HandedIn("a.json", document(AUTHORITY)), HandedIn("b.json", with_error(FIRST))])
    enter(opened, "2021-06")
    publish(opened.home, opened.engine, now=NOW)
    opened.engine.dispose()
    return opened


def faults(home: Home) -> dict[str, Diagnosis]:
    keys = home.root / "landing.keys"
    ring = landing_ring(load_settings(home.root)) if keys.exists() else None
    return {one.name: one for one in diagnose(home, lambda: None, ring) if not one.ok}


def test_a_sound_installation_has_no_faults(platform):
    looked = list(diagnose(platform.home, lambda: None, platform.landing.ring))
    assert all(one.ok and one.found and not one.remedy for one in looked)
    assert {LEDGER, LANDING, COMPLETE, ORPHANS, LEFTOVERS, STORE, FINDINGS, WAREHOUSE} < {one.name for one in looked}


def test_an_unused_home_is_no_fault_and_stays_unused(tmp_path):
    home = Home(tmp_path / "none")
    assert faults(home) == {}
    assert not home.root.exists()


def landed(platform: Platform):
    return next(path for path in platform.home.landing.rglob("*") if path.is_file())


def spoil_landing(platform: Platform) -> None:
    path = landed(platform)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)


def add_orphan(platform: Platform) -> None:
    kept = platform.landing.put(b"nobody recorded this")
    before = time.time() - SETTLED.total_seconds() - 60
    os.utime(platform.home.landing / kept.id[:2] / kept.id, (before, before))


def add_leftover(platform: Platform) -> None:
    path = platform.home.landing / ".incoming" / "half"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"{")
    before = time.time() - SETTLED.total_seconds() - 60
    os.utime(path, (before, before))


def store_file(platform: Platform, dataset: str):
    return next((platform.home.store / dataset).rglob("*.parquet"))


def put_another_months_file_there(platform: Platform) -> None:
    shutil.copy(store_file(platform, "clockings"), store_file(platform, "employees"))


def publish_something_else(platform: Platform) -> None:
    with duckdb.connect(str(platform.home.warehouse)) as connection:
        connection.execute("CREATE OR REPLACE VIEW core.leaves AS SELECT 1 WHERE false")


def publish_as_before_there_were_rosters(platform: Platform) -> None:
    with duckdb.connect(str(platform.home.warehouse)) as connection:
        connection.execute("DROP VIEW core.shifts")


@pytest.mark.parametrize(
    ("spoil", "name", "remedy"),
    [
        (spoil_landing, LANDING, RESTORE),
        (lambda platform: landed(platform).unlink(), COMPLETE, RESTORE),
        (add_orphan, ORPHANS, "attendance submit --orphans"),
        (add_leftover, LEFTOVERS, "deleted"),
        (lambda platform: store_file(platform, "leaves").unlink(), STORE, REBUILD),
        (lambda platform: store_file(platform, "leaves").write_bytes(b"PAR1"), STORE, REBUILD),
        (put_another_months_file_there, STORE, REBUILD),
        (lambda platform: store_file(platform, "findings").unlink(), FINDINGS, REBUILD),
        (lambda platform: platform.home.warehouse.unlink(), WAREHOUSE, REBUILD),
        (lambda platform: platform.home.warehouse.write_bytes(b"no database"), WAREHOUSE, REBUILD),
        (publish_something_else, WAREHOUSE, REBUILD),
        (publish_as_before_there_were_rosters, WAREHOUSE, "attendance run --month 2021-06"),
    ],
)
def test_each_fault_is_found_alone_and_what_to_do_is_said(
    platform: Platform, spoil: Callable[[Platform], object], name: str, remedy: str
):
    spoil(platform)
    found = faults(platform.home)
    if name == WAREHOUSE:
        found.pop(SUMS, None)  # what was changed has another sum too
    assert list(found) == [name]
    assert remedy in found[name].remedy
    assert "\n" not in found[name].found


def test_a_lost_ledger_is_found_and_not_made_anew(platform):
    path = platform.home.root / "ledger.sqlite"
    path.unlink()
    found = faults(platform.home)
    assert list(found) == [LEDGER]
    assert found[LEDGER].remedy == RESTORE
    assert not path.exists()


def test_a_damaged_ledger_is_found(platform):
    path = platform.home.root / "ledger.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert list(faults(platform.home)) == [LEDGER]


@pytest.mark.parametrize(("revision", "remedy"), [("'9999'", "update this program"), (None, "migrates it")])
def test_a_ledger_of_another_version_is_left_as_it_is(platform, revision, remedy):
    change = f"UPDATE alembic_version SET version_num = {revision}" if revision else "DELETE FROM alembic_version"
    with platform.engine.begin() as connection:
        connection.execute(text(change))
    platform.engine.dispose()
    before = (platform.home.root / "ledger.sqlite").read_bytes()
    found = faults(platform.home)
    assert list(found) == [LEDGER]
    assert remedy in found[LEDGER].remedy
    assert (platform.home.root / "ledger.sqlite").read_bytes() == before


def test_a_database_that_is_down_is_one_line_without_its_password(tmp_path):
    home = Home(tmp_path, "postgresql+psycopg://me:secret@127.0.0.1:1/ledger")
    found = faults(home)
    assert list(found) == [LEDGER]
    assert "secret" not in found[LEDGER].found
    assert "\n" not in found[LEDGER].found


def test_what_was_entered_and_not_published_asks_for_a_run_and_not_for_a_rebuild(platform):
    """A run that died between entering and publishing once had the doctor advise a rebuild."""
    hand_in(platform, [HandedIn("c.json", document(AUTHORITY, "2021-05"))])
    enter(platform, "2021-05")
    platform.engine.dispose()
    found = faults(platform.home)
    assert found[WAREHOUSE].remedy == "attendance run --month 2021-05"
    assert not any(REBUILD in one.remedy for one in found.values())
