"""`attendance retention`, as an operator types it."""

import shutil

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from pipelines.landing_keys import landing_ring
from pipelines.settings import load_settings
from tests.support.cli import Attendance
from tests.support.installations import FIRST, document, installation
from warehouse.doctor import diagnose
from warehouse.home import Home
from warehouse.publish.database import open_warehouse

FOR_NO_YEAR = "table,years\n" + "\n".join(
    f"{table},0" for table in ("landing", "employees", "leaves", "overtime", "clockings", "findings")
)


def test_what_is_past_its_time_is_shown_tried_and_removed(attendance: Attendance, home):
    opened = installation(home)
    hand_in(opened, [HandedIn("a", document(FIRST))])
    enter(opened, "2021-06")
    publish_now(opened, ())
    opened.engine.dispose()

    shown = attendance("retention", "show")
    assert "for ever" in shown.err
    assert "永久" in shown.out
    (home / "retention.csv").write_text(FOR_NO_YEAR)
    assert "屆期 past their time: 6" in attendance("retention", "show").out
    tried = attendance("retention", "apply", "--dry-run", "--reason", "x")
    assert "將刪除 would go: 2021 收檔區原始檔 documents as they came 1" in tried.out
    before = attendance("report", "summary", "--year", 2021, "--format", "json").out
    gone = attendance("retention", "apply", "--reason", "保存年限", "--format", "json").objects
    assert {(row["table"], row["items"], row["removed"]) for row in gone} >= {("landing", 1, True), ("leaves", 1, True)}
    assert attendance("report", "summary", "--year", 2021, "--format", "json").out == before
    assert "保存年限" in attendance("retention", "show").out
    assert attendance("retention", "apply", "--reason", "x").out.startswith("沒有屆期的資料")
    assert attendance("doctor").code == 0
    refused = attendance("withdraw", "--agency", FIRST, "--month", "2021-06", "--reason", "x")
    assert refused.code == 2
    assert "attendance retention show" in refused.err


def test_rules_that_cannot_be_used_are_one_line(attendance: Attendance, home):
    installation(home).engine.dispose()
    (home / "retention.csv").write_text("table,years\nleaves,1")
    shown = attendance("retention", "show")
    assert (shown.code, shown.err.count("\n")) == (2, 1)
    assert "leaves" in shown.err


def test_a_backup_carries_the_archive_and_what_outlives_its_documents(attendance: Attendance, home, tmp_path):
    opened = installation(home)
    hand_in(opened, [HandedIn("a", document(FIRST))])
    enter(opened, "2021-06")
    publish_now(opened, ())
    assert attendance("receipt", "key").code == 0
    (home / "retention.csv").write_text("table,years\nlanding,0\novertime,0")
    assert attendance("retention", "apply", "--reason", "x").code == 0
    before = [rows(home / "warehouse.duckdb", table) for table in KEPT]

    disk, safe, elsewhere = tmp_path / "disk", tmp_path / "safe", tmp_path / "elsewhere"
    disk.mkdir()
    safe.mkdir()
    for name in ("landing.keys", "person.key", "receipt.key"):
        shutil.copy(home / name, safe)
    assert attendance("backup", "create", disk).code == 0
    restored = attendance("backup", "restore", disk, "--keys", safe, "--to", elsewhere)
    assert restored.code == 0, restored.err
    assert [rows(elsewhere / "warehouse.duckdb", table) for table in KEPT] == before
    assert all(before)
    looked = diagnose(Home(elsewhere), lambda: None, landing_ring(load_settings(elsewhere)))
    assert [one for one in looked if not one.ok] == []
    opened.engine.dispose()


KEPT = ("reports.summary", "reports.monthly_counts", "reports.submission_status", "core.leaves", "core.employees")


def rows(warehouse, table):
    with open_warehouse(warehouse) as connection:
        return connection.execute(f"FROM {table} ORDER BY ALL").fetchall()
