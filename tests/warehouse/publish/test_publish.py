"""Publishing: what readers see before, during and after, and what it does not write again."""

import json
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from tests.support.programs import run_program
from tests.support.world import World, taipei
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency
from warehouse.publish.database import CONFIG, open_warehouse
from warehouse.publish.lock import PublishingBusy, publishing_alone
from warehouse.publish.partitions import StoreIncomplete
from warehouse.publish.publisher import publish
from warehouse.store import file_of

A, B = "A000000001", "B000000001"
NOW = taipei("2021-04-01 09:00")


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.agency(A, headcount=1)
    world.agency(B, A, headcount=1)
    world.enter(B, "2021-01", "2021-02-01 09:00", people=[2], leaves=[(2, "03", 8)], clockings=3)
    world.enter(A, "2021-01", "2021-02-02 09:00", people=[1], findings=[("W201", "warning", "L-1")])
    world.enter(A, "2021-02", "2021-03-01 09:00", people=[1, 3])
    return world


def rows(world, query):
    with open_warehouse(world.home.warehouse) as connection:
        return connection.execute(query).fetchall()


def copies(world):
    return sorted(str(path.relative_to(world.home.published)) for path in world.home.published.glob("*/*/*.parquet"))


def test_what_was_entered_is_there_sorted_by_agency(world):
    published = publish(world.home, world.engine, now=NOW)
    assert rows(world, "SELECT agency_code, month, count(*) FROM core.employees GROUP BY ALL ORDER BY ALL") == [
        (A, "2021-01", 1),
        (A, "2021-02", 2),
        (B, "2021-01", 1),
    ]
    january = [file for file in copies(world) if file.startswith("employees/month=2021-01/")]
    assert len(january) == 1
    in_file = duckdb.execute("SELECT agency_code FROM read_parquet(?)", [str(world.home.published / january[0])])
    assert in_file.fetchall() == [(A,), (B,)]
    assert published.months == ("2021-01", "2021-02", "2021-03")
    assert published.rows["core.employees"] == 4
    assert published.rows["core.clockings"] == 3
    for table, count in published.rows.items():
        assert rows(world, f"SELECT count(*) FROM {table}") == [(count,)], table


def test_publishing_again_writes_no_copy_again(world):
    publish(world.home, world.engine, now=NOW)
    before = {file: (world.home.published / file).stat().st_ino for file in copies(world)}
    publish(world.home, world.engine, now=NOW)
    assert {file: (world.home.published / file).stat().st_ino for file in copies(world)} == before


def test_a_month_asked_for_leaves_the_others_as_they_were(world):
    publish(world.home, world.engine, now=NOW)
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[1, 4, 5])
    world.enter(A, "2021-02", "2021-03-05 09:00", people=[1, 4, 5])
    assert publish(world.home, world.engine, ["2021-01"], now=NOW).months == ("2021-01",)
    query = "SELECT month, count(*) FROM core.employees WHERE agency_code = 'A000000001' GROUP BY ALL ORDER BY ALL"
    assert rows(world, query) == [("2021-01", 3), ("2021-02", 2)]
    publish(world.home, world.engine, ["2021-02"], now=NOW)
    assert rows(world, query) == [("2021-01", 3), ("2021-02", 3)]


def test_a_resubmission_replaces_and_keeps_what_was_before(world):
    publish(world.home, world.engine, now=NOW)
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[7], findings=[("W208", "warning", "L-1")])
    publish(world.home, world.engine, ["2021-01"], now=NOW)
    assert rows(world, "SELECT rule FROM core.findings") == [("W208",)]
    assert rows(world, "SELECT rule FROM core.findings_history ORDER BY ALL") == [("W201",), ("W208",)]
    assert rows(
        world,
        "SELECT state FROM core.submissions WHERE agency_code < 'B' AND month = '2021-01' ORDER BY received_at",
    ) == [
        ("superseded",),
        ("entered",),
    ]


def test_findings_written_again_are_published_again(world):
    """Rules that look across submissions are judged anew when another month arrives; the file is then replaced."""
    publish(world.home, world.engine, now=NOW)
    id_ = rows(world, "SELECT submission_id FROM core.findings")[0][0]
    world._write_findings(A, "2021-01", id_, [("W201", "warning", "L-1"), ("W202", "warning", "L-2")])
    publish(world.home, world.engine, ["2021-01"], now=NOW)
    assert rows(world, "SELECT rule FROM core.findings ORDER BY ALL") == [("W201",), ("W202",)]


def test_a_change_of_the_register_reaches_months_published_before(world):
    """Nothing of January is handed in again, yet its rolled-up rows follow the corrected tree and name."""
    publish(world.home, world.engine, now=NOW)
    query = "SELECT agency_name FROM reports.summary WHERE scope = 'authority' ORDER BY ALL"
    assert rows(world, query) == [("機關A000000001",)]
    with writing(world.engine) as session:
        for agency in session.scalars(select(Agency)):
            agency.parent_code = "B000000001" if agency.agency_code == A else None
            agency.name = "新名"
    publish(world.home, world.engine, [], now=NOW)
    assert rows(world, query) == [("新名",)]
    assert rows(world, "SELECT agency_code FROM reports.summary WHERE scope = 'authority'") == [(B,)]


def test_what_a_dead_publisher_left_is_cleared(world):
    spill = world.home.published / ".spill.unfinished"
    spill.mkdir()
    (spill / "duckdb_temp_block-1").write_bytes(b"x")
    (world.home.root / ".warehouse.duckdb.unfinished").write_bytes(b"half")
    (world.home.root / ".warehouse.duckdb.unfinished.wal").write_bytes(b"half")
    publish(world.home, world.engine, now=NOW)
    assert list(world.home.root.rglob("*unfinished*")) == []


def test_findings_that_all_stand_are_kept_once(world):
    publish(world.home, world.engine, now=NOW)
    query = "SELECT dataset, file FROM core.publications WHERE dataset LIKE 'findings%'"
    assert len({file for _, file in rows(world, query)}) == 1
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[7], findings=[("W208", "warning", "L-1")])
    publish(world.home, world.engine, now=NOW)
    assert len({file for _, file in rows(world, query)}) == 2


def test_a_lost_copy_is_made_again(world):
    publish(world.home, world.engine, now=NOW)
    lost = next(file for file in copies(world) if file.startswith("leaves/month=2021-01"))
    (world.home.published / lost).unlink()
    assert publish(world.home, world.engine, [], now=NOW).months == ("2021-01",)
    assert rows(world, "SELECT count(*) FROM core.leaves") == [(1,)]


@pytest.mark.parametrize("damage", ["", "{", '{"copies": [{"a": 1}]}', None])
def test_a_lost_manifest_has_all_months_published(world, damage):
    publish(world.home, world.engine, now=NOW)
    manifest = world.home.published / "manifest.json"
    manifest.unlink() if damage is None else manifest.write_text(damage)
    publish(world.home, world.engine, ["2021-02"], now=NOW)
    assert rows(world, "SELECT count(*) FROM core.employees") == [(4,)]


def test_what_the_store_lacks_is_said_and_the_old_warehouse_stays(world):
    publish(world.home, world.engine, now=NOW)
    new = world.enter(A, "2021-02", "2021-03-05 09:00", people=[1])
    lost = file_of(world.home.store, "overtime", A, "2021-02", new)
    lost.unlink()
    with pytest.raises(StoreIncomplete, match=str(lost)):
        publish(world.home, world.engine, now=NOW)
    assert rows(world, "SELECT count(*) FROM core.employees WHERE month = '2021-02'") == [(2,)]


def test_a_full_disk_is_said_and_the_old_warehouse_stays(world, monkeypatch):
    """Polars speaks of "an invalid specification" where the disk is full; /dev/full is a disk that always is."""
    publish(world.home, world.engine, now=NOW)
    world.enter(A, "2021-02", "2021-03-05 09:00", people=range(4000))
    with monkeypatch.context() as full:
        full.setattr("warehouse.publish.copies.aside", lambda _path: Path("/dev/full"))
        with pytest.raises(OSError, match="No space left on device"):
            publish(world.home, world.engine, ["2021-02"], now=NOW)
    assert rows(world, "SELECT count(*) FROM core.employees WHERE month = '2021-02'") == [(2,)]
    publish(world.home, world.engine, ["2021-02"], now=NOW)
    assert rows(world, "SELECT count(*) FROM core.employees WHERE month = '2021-02'") == [(4000,)]


def test_a_document_for_no_real_month_or_agency_harms_nothing(world):
    for code, month in (("", ""), ("ZZZ", "2021-13"), (A, "2099-12"), ("Q000000001", "2021-01")):
        world.refuse(code, month, "2021-03-01 09:00", findings=[("F008", "fatal", None)])
    publish(world.home, world.engine, now=NOW)
    assert rows(world, "SELECT count(*) FROM core.submissions") == [(7,)]
    assert rows(world, "SELECT max(month) FROM reports.due_months WHERE due") == [("2021-03",)]
    status = rows(world, "SELECT agency_code, month, state FROM reports.submission_status WHERE NOT due ORDER BY ALL")
    assert status == [(A, "2099-12", "refused"), ("Q000000001", "2021-01", "refused")]


def test_replaced_copies_go_after_the_grace_and_not_before(world):
    publish(world.home, world.engine, now=NOW)
    old = set(copies(world))
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[7, 8])
    publish(world.home, world.engine, now=NOW)
    assert old < set(copies(world))
    publish(world.home, world.engine, now=NOW + timedelta(hours=23))
    assert old < set(copies(world))
    publish(world.home, world.engine, now=NOW + timedelta(hours=25))
    assert not old <= set(copies(world))
    shown = {file for (file,) in rows(world, "SELECT file FROM core.publications")}
    assert shown <= set(copies(world))
    assert rows(world, "SELECT count(*) FROM core.employees") == [(5,)]


def test_an_old_copy_in_use_until_now_is_kept_for_the_grace_from_now(world):
    """What counts is when a copy was replaced, not when it was written."""
    publish(world.home, world.engine, now=NOW - timedelta(days=30))
    old = set(copies(world))
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[7, 8])
    publish(world.home, world.engine, now=NOW)
    assert old < set(copies(world))


READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
for line in sys.stdin:
    print(connection.execute("SELECT count(*), count(DISTINCT submission_id) FROM core.employees").fetchall())
    sys.stdout.flush()
"""


def test_a_reader_is_never_blocked_and_sees_one_state(world):
    publish(world.home, world.engine, now=NOW)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(world.home.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:

        def ask():
            reader.stdin.write("\n")
            reader.stdin.flush()
            return reader.stdout.readline().strip()

        assert reader.stdout.readline() == "open\n"
        world.enter(A, "2021-01", "2021-03-05 09:00", people=[7, 8])
        publisher = threading.Thread(target=publish, args=(world.home, world.engine), kwargs={"now": NOW})
        publisher.start()
        answers = {ask()}
        while publisher.is_alive():
            answers.add(ask())
        publisher.join()
        answers.add(ask())
        assert answers == {"[(4, 3)]"}
        reader.stdin.close()
    assert rows(world, "SELECT count(*), count(DISTINCT submission_id) FROM core.employees") == [(5, 3)]


def test_one_publisher_at_a_time(world):
    with publishing_alone(world.home, world.engine, 0), pytest.raises(PublishingBusy, match="pid"):
        publish(world.home, world.engine, now=NOW, timeout=0.3)
    publish(world.home, world.engine, now=NOW, timeout=0.3)


def test_a_second_publisher_waits_and_both_are_published(world):
    results = []
    threads = [
        threading.Thread(target=lambda month=month: results.append(publish(world.home, world.engine, [month], now=NOW)))
        for month in ("2021-01", "2021-02")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert rows(world, "SELECT count(*) FROM core.employees") == [(4,)]


def test_no_extension_is_fetched_or_needed(world):
    assert CONFIG["autoinstall_known_extensions"] is False
    publish(world.home, world.engine, now=NOW)
    with open_warehouse(world.home.warehouse) as connection:
        with pytest.raises(duckdb.Error):
            connection.execute("SELECT * FROM 'https://example.invalid/x.parquet'")
        loaded = connection.execute("SELECT extension_name, install_mode FROM duckdb_extensions() WHERE loaded")
        assert {mode for _, mode in loaded.fetchall()} <= {"STATICALLY_LINKED", "NOT_INSTALLED", None}


CRASH = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from warehouse.home import Home
from warehouse.ledger.engine import open_ledger
from warehouse.publish.publisher import publish
from warehouse.publish import copies, durable

root, where, moment = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
rename = Path.replace

def dying(self, target):
    hit = where in str(target)
    if hit and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = rename(self, target)
    if hit and moment == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result

Path.replace = dying
home = Home(root)
publish(home, open_ledger(home.ledger_url), now=datetime.fromisoformat(sys.argv[4]))
"""


@pytest.mark.parametrize(
    ("where", "moment"),
    [
        ("/employees/month=2021-01", "before"),  # a copy written and not yet named
        ("/summary/", "after"),
        ("manifest.json", "before"),
        ("manifest.json", "after"),  # the manifest is ahead of the warehouse
        ("warehouse.duckdb", "before"),
        ("warehouse.duckdb", "after"),  # swapped in, not confirmed
    ],
)
def test_a_publisher_that_dies_leaves_a_warehouse_and_the_next_makes_good(world, where, moment):
    publish(world.home, world.engine, now=NOW)
    old = set(copies(world))
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[7, 8], leaves=[(7, "01", 4)])
    assert run_program(CRASH, world.home.root, where, moment, NOW.isoformat()) == -signal.SIGKILL
    swapped = (where, moment) == ("warehouse.duckdb", "after")
    summed = "(SELECT sum(records) FROM reports.summary)"
    query = f"SELECT count(*), (SELECT count(*) FROM core.leaves), {summed} FROM core.employees"
    before, after = (4, 1, 3), (5, 2, 6)
    assert rows(world, query) == [after if swapped else before]
    assert old <= set(copies(world))

    # a month that the dead one was not asked for: what it left for January must not be lost nor fall back
    later = NOW + timedelta(days=2)
    publish(world.home, world.engine, ["2021-01"], now=later)
    assert rows(world, query) == [after]
    assert old <= set(copies(world)), "readers had the old warehouse until now"
    assert [path for path in world.home.root.rglob("*unfinished*") if path.is_file()] == []
    assert json.loads((world.home.published / "manifest.json").read_text())["confirmed"] is True


def test_after_a_crash_between_swap_and_confirmation_no_month_falls_back(world):
    publish(world.home, world.engine, now=NOW)
    world.enter(A, "2021-01", "2021-03-05 09:00", people=[7, 8])
    assert run_program(CRASH, world.home.root, "warehouse.duckdb", "after", NOW.isoformat()) == -signal.SIGKILL
    publish(world.home, world.engine, ["2021-02"], now=NOW)
    assert rows(world, "SELECT count(*) FROM core.employees WHERE month = '2021-01'") == [(3,)]
