"""The layout of an installation."""

import stat
from pathlib import Path

import pytest

from warehouse.home import Home
from warehouse.ledger.engine import open_ledger


def test_layout_is_under_the_root(tmp_path):
    home = Home(tmp_path / "data").create()
    assert sorted(path.name for path in home.root.iterdir()) == ["dagster", "inbox", "landing", "published", "store"]
    assert home.warehouse == home.root / "warehouse.duckdb"
    assert home.sources == home.root / "sources.toml"
    home.create()  # again does no harm


def test_nobody_but_the_owner_may_look(tmp_path):
    home = Home(tmp_path / "data").create()
    assert stat.S_IMODE(home.landing.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["data", "差勤 資料", "a?b#c%41"])
def test_ledger_opens_wherever_the_home_is(tmp_path, name):
    home = Home(tmp_path / name).create()
    open_ledger(home.ledger_url).dispose()
    assert (home.root / "ledger.sqlite").exists()


def test_home_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Home(Path("data")).landing == tmp_path / "data" / "landing"


def test_a_team_s_ledger_and_its_password_is_not_shown(tmp_path):
    home = Home(tmp_path, "postgresql+psycopg://clerk:s3cret@db/ledger")
    assert home.ledger_url == "postgresql+psycopg://clerk:s3cret@db/ledger"
    assert "s3cret" not in repr(home)
