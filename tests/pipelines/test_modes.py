"""What is in the home is its owner's alone, whoever made it and whatever the umask."""

import os
import stat
from pathlib import Path

import pytest

from pipelines.doctor import modes_right
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.installations import AGENCIES, FIRST, document, installation
from tests.support.programs import run_program
from warehouse.home import Home

#: Runs the program for each of its arguments, as one that is started with this umask.
PROGRAMS = """
import os, sys
from pipelines.cli.app import ending
for command in sys.argv[1:]:
    os.umask(0)
    ending(command.split())
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def loose(home: Path) -> dict[str, str]:
    return {str(path): oct(mode(path)) for path in (home, *home.rglob("*")) if mode(path) & 0o077}


def test_all_that_programs_make_is_the_owners_alone_whatever_the_umask(tmp_path):
    home, file = tmp_path / "home", tmp_path / "a.json"
    file.write_bytes(document(FIRST))
    register = tmp_path / "register.csv"
    rows = ["agency_code,name,parent_code,authority_code,level", *(f"{code},機關,,,1" for code in AGENCIES)]
    register.write_text("\n".join(rows) + "\n", encoding="utf-8")
    commands = (f"register import {register}", f"submit {file}", "run --month 2021-06", "doctor")
    assert run_program(PROGRAMS, *commands, environment=os.environ | {"ATTENDANCE_HOME": str(home)}) == 0
    made = {path.name for path in home.rglob("*")}
    assert {"ledger.sqlite", "warehouse.duckdb", "dagster.yaml", "attendance.log", "person.key"} <= made
    assert any(path.name.endswith(".parquet") for path in (home / "store").rglob("*"))
    assert any(path.parent.name == "history" or path.suffix == ".db" for path in (home / "dagster").rglob("*"))
    assert loose(home) == {}


@pytest.fixture
def opened_to_all(tmp_path):
    """A home from before, in which everything may be read by anybody."""
    opened = installation(tmp_path / "home")
    opened.engine.dispose()
    (tmp_path / "home" / "contacts.csv").write_text("agency_code,role,address\n", encoding="utf-8")
    for path in (tmp_path / "home", *(tmp_path / "home").rglob("*")):
        path.chmod(mode(path) | (0o055 if path.is_dir() else 0o044))
    return tmp_path / "home"


def test_the_doctor_says_where_and_opening_for_writing_corrects_it(opened_to_all):
    home = Home(opened_to_all)
    assert not modes_right(home).ok
    assert str(opened_to_all) in modes_right(home).found
    platform(Settings(home=opened_to_all), to_read=True).engine.dispose()
    assert not modes_right(home).ok
    platform(Settings(home=opened_to_all)).engine.dispose()
    assert mode(opened_to_all) == 0o700
    top = {path for path in opened_to_all.iterdir() if path.name != "inbox"}
    assert {mode(path) & 0o077 for path in top} == {0}
    assert {path.name for path in top} >= {"contacts.csv", "ledger.sqlite", "landing", "store", "dagster", "logs"}


def test_the_inbox_is_left_as_its_operator_made_it(opened_to_all):
    (opened_to_all / "inbox").chmod(0o2770)
    platform(Settings(home=opened_to_all)).engine.dispose()
    assert mode(opened_to_all / "inbox") == 0o2770


def test_a_group_reads_what_was_published_where_the_settings_say_so_and_nothing_else(opened_to_all):
    (opened_to_all / "warehouse.duckdb").touch(0o600)
    platform(Settings(home=opened_to_all, group_reads=True)).engine.dispose()
    readable = {path.name for path in opened_to_all.iterdir() if mode(path) & 0o077 and path.name != "inbox"}
    assert readable == {"published", "warehouse.duckdb"}
    assert (mode(opened_to_all), mode(opened_to_all / "warehouse.duckdb")) == (0o750, 0o640)
