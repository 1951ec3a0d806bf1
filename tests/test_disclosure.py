"""The search for people finds them wherever they are put: without that, finding nobody would say nothing."""

import base64
import json
import sqlite3
from contextlib import closing

import duckdb
import polars as pl
import pytest

from tests.support.disclosure import Wanted, disclosures

ID, NAME = "A123456789", "王小明"
WANTED = Wanted.people({ID, "B223456782"}, {NAME, "林美玉"})


@pytest.mark.parametrize("who", [ID, NAME])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp950"])
def test_in_any_text(tmp_path, who, encoding):
    (tmp_path / "log").write_bytes("前面 before ".encode(encoding) + who.encode(encoding) + "後面".encode(encoding))
    assert encoding in {one.written for one in disclosures(WANTED, tmp_path)}


@pytest.mark.parametrize(
    "written",
    ["a123456789", "Ａ１２３４５６７８９", json.dumps(NAME), json.dumps("Ａ１２３４５６７８９")],
)
def test_written_otherwise(tmp_path, written):
    (tmp_path / "log").write_text(f"x{written}x", encoding="utf-8")
    assert any(disclosures(WANTED, tmp_path))


@pytest.mark.parametrize("who", [ID, NAME])
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_in_base64_at_any_alignment(tmp_path, who, before):
    (tmp_path / "token").write_bytes(base64.b64encode(f"{before}{who}after".encode()))
    assert [one.written for one in disclosures(WANTED, tmp_path)] == ["base64"]


def test_in_the_name_of_a_file(tmp_path):
    (tmp_path / f"{NAME}.json").write_text("")
    assert any(disclosures(WANTED, tmp_path))


@pytest.mark.parametrize("who", [ID, NAME])
def test_in_compressed_columns(tmp_path, who):
    values = [f"{who}-{number}" for number in range(1000)]
    pl.DataFrame({"x": values}).write_parquet(tmp_path / "x.parquet", compression="zstd")
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        database.execute("CREATE TABLE t AS SELECT unnest($values) AS x", {"values": values})
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as database, database:
        database.execute("CREATE TABLE t (x TEXT)")
        database.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    places = {one.place for one in disclosures(WANTED, tmp_path)}
    assert {"x.parquet values", "x.duckdb main.t", "x.sqlite rows"} <= places


def test_nobody_is_found_where_nobody_is(tmp_path):
    (tmp_path / "masked").write_text("A12****789 王○明 B123456789", encoding="utf-8")
    (tmp_path / "left out").mkdir()
    (tmp_path / "left out" / "source").write_text(ID)
    assert list(disclosures(WANTED, tmp_path, [tmp_path / "left out"])) == []
