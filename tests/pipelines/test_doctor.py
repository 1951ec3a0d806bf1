"""The doctor compares what is kept with what its documents make of it, and tries each key at what it is for."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from pipelines.doctor import diagnoses
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.installations import AUTHORITY, FIRST, NOW, SECOND, MadeOnce, document, installation, with_error
from warehouse.doctor_published import published_sums
from warehouse.home import Home
from warehouse.publish.publisher import publish
from warehouse.receipt_signature import new_signing_key

RECOUNT, SUMS = "重算 recount", "已發布檔案雜湊 published sums"
LANDING_KEYS, PERSON_KEY, RECEIPT_KEY = "收檔區密鑰 landing keys", "人員代號密鑰 person key", "收據私鑰 receipt key"
EXPECTED_OF_TESTS = {"磁碟空間 disk space", "時鐘 clock"}


def fill(home: Path) -> None:
    opened = installation(home)
    hand_in(opened, [HandedIn(code, document(code)) for code in (AUTHORITY, SECOND)])
    hand_in(opened, [HandedIn("b.json", with_error(FIRST))])
    enter(opened, "2021-06")
    publish(opened.home, opened.engine, now=NOW)
    opened.receipt_key()
    opened.engine.dispose()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    return MadeOnce(tmp_path_factory.mktemp("doctor") / "home", fill)


@pytest.fixture
def kept(made_once, monkeypatch):
    with made_once.brought_back() as home:
        monkeypatch.setenv("ATTENDANCE_HOME", str(home))
        yield home


def faults() -> dict[str, str]:
    looked = list(diagnoses(lambda: None))
    assert RECOUNT in {one.name for one in looked}
    return {one.name: one.found for one in looked if not one.ok and one.name not in EXPECTED_OF_TESTS}


def times_ten(file: Path) -> None:
    table = pq.read_table(file)
    at = table.schema.get_field_index("hours")
    hours = pc.cast(pc.multiply(table.column(at), 10), table.schema.field(at).type)
    pq.write_table(table.set_column(at, "hours", hours), file)


def test_nothing_is_wrong_with_what_nobody_touched(kept):
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*") if path.is_file()}
    assert faults() == {}
    after = {path: path.stat().st_mtime_ns for path in kept.rglob("*") if path.is_file()}
    assert {path for path in before if before[path] != after[path]} == set()


def test_a_store_whose_hours_were_multiplied_is_found(kept):
    for file in (kept / "store" / "leaves").rglob("*.parquet"):
        times_ten(file)
    found = faults()[RECOUNT]
    assert all(f"{code} 2021-06 (store)" in found for code in (AUTHORITY, FIRST, SECOND))


def test_a_publication_whose_hours_were_multiplied_is_found(kept):
    for file in (kept / "published" / "leaves").rglob("*.parquet"):
        times_ten(file)
    found = faults()
    assert "(warehouse)" in found[RECOUNT]
    assert ".parquet" in found[SUMS]


def test_a_view_that_shows_other_figures_is_found(kept):
    with duckdb.connect(str(kept / "warehouse.duckdb")) as warehouse:
        shown = "SELECT sql FROM duckdb_views() WHERE view_name = 'leaves' AND schema_name = 'core'"
        select = warehouse.execute(shown).fetchone()[0].partition(" AS ")[2].rstrip().rstrip(";")
        warehouse.execute(
            f"CREATE OR REPLACE VIEW core.leaves AS SELECT * REPLACE (hours * 10 AS hours) FROM ({select})"
        )
    found = faults()
    assert "(warehouse)" in found[RECOUNT]
    assert "warehouse.duckdb" in found[SUMS]


def test_counts_of_the_ledger_are_compared_too(kept):
    with closing(sqlite3.connect(kept / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE dataset_counts SET warned = warned + 1 WHERE dataset = 'leaves'")
    assert "(ledger)" in faults()[RECOUNT]


def test_months_that_are_not_published_yet_are_not_compared_with_the_warehouse(kept):
    opened = platform(Settings(home=kept), actor="test", clock=lambda: NOW + timedelta(hours=1))
    hand_in(opened, [HandedIn("later.json", document(SECOND, produced_at="2021-07-06T09:12:00+08:00", overtime=[]))])
    enter(opened, "2021-06")
    opened.engine.dispose()
    assert RECOUNT not in faults()


def test_another_person_key_is_found_by_the_stores_mark(kept):
    (kept / "person.key").write_text("ab" * 32 + "\n")
    assert "not the one" in faults()[PERSON_KEY]


def test_a_receipt_key_that_signs_nothing_is_found(kept):
    assert RECEIPT_KEY not in faults()
    key = new_signing_key()
    (kept / "receipt.key").chmod(0o600)
    (kept / "receipt.key").write_text(key[: len(key) // 2])
    assert "Ed25519" in faults()[RECEIPT_KEY]


def test_landing_keys_that_open_nothing_are_found(kept):
    ring = json.loads((kept / "landing.keys").read_text())
    for key in ring["keys"].values():
        key["key"] = "cd" * 32
    (kept / "landing.keys").write_text(json.dumps(ring))
    assert "do not open" in faults()[LANDING_KEYS]


def test_a_flip_of_any_bit_of_what_was_published_is_noticed(kept):
    """A bit of each file, at a place of its own, one after another."""
    files = [kept / "warehouse.duckdb", *(kept / "published").rglob("*.parquet")]
    for number, file in enumerate(files):
        sound = file.read_bytes()
        flipped = bytearray(sound)
        flipped[(number * 7919) % len(sound)] ^= 1 << (number % 8)
        file.write_bytes(flipped)
        assert file.name in published_sums(Home(kept), lambda: None).found
        file.write_bytes(sound)
    assert published_sums(Home(kept), lambda: None).ok
