"""The ledger's tables as files: none is forgotten, values come back as they were, from either database into either."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, inspect, select

from tests.support.world import World
from warehouse.backup.ledger_tables import LEFT_OUT, LedgerNotEmpty, RowsDiffer, backed_up, load, write_table
from warehouse.ledger.audit import head
from warehouse.ledger.engine import open_ledger, reading, writing
from warehouse.ledger.migrate import head_revision
from warehouse.ledger.models import Agency
from warehouse.ledger.office_calendar import Closure


def test_every_table_is_backed_up_or_left_out_by_name(ledger):
    there = set(inspect(ledger).get_table_names()) - {"alembic_version"}
    assert {table.name for table in backed_up()} == there - LEFT_OUT
    assert there >= LEFT_OUT


@pytest.fixture
def world(tmp_path: Path, ledger_url: str) -> World:
    made = World(tmp_path / "world", ledger_url)
    made.agency("376500000A", since="2011-01-01")
    made.enter(
        "376500000A", "2021-05", "2021-06-10 09:00", leaves=[(1, "03", 8.0)], findings=[("W203", "warning", "L")]
    )
    made.refuse("376500000A", "2021-06", "2021-07-10 09:00", findings=[("F006", "fatal", None)])
    odd = {"reason": "𠮷 \\ \N{BELL}\n'", "by": "", "at": datetime(2021, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)}
    with writing(made.engine) as session:
        session.execute(insert(Closure), [{"code": "376500000A", "day": date(2021, 6, 4), "hours": 4, **odd}])
    return made


def written(world: World, folder: Path) -> dict[str, Path]:
    folder.mkdir()
    files = {}
    with reading(world.engine) as session:
        for table in backed_up():
            files[table.name] = folder / f"{table.name}.parquet"
            with files[table.name].open("wb") as file:
                write_table(session, table, file)
    return files


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = open_ledger(url)
    with reading(engine) as session:
        found = {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in backed_up()
        }
    engine.dispose()
    return found


@pytest.mark.parametrize("onto", ["sqlite", "postgresql"])
def test_there_and_back(world, ledger_url, onto, tmp_path, new_postgresql_database):
    files = written(world, tmp_path / "files")
    target = new_postgresql_database() if onto == "postgresql" else f"sqlite:///{tmp_path / 'restored.sqlite'}"
    with reading(world.engine) as session:
        anchor = head(session)
    load(target, str(head_revision()), files, anchor, again=False, advance=lambda: None)
    restored, before = contents(target), contents(ledger_url)
    assert restored == before
    assert sum(map(bool, before.values())) > 5
    with pytest.raises(LedgerNotEmpty):
        load(target, str(head_revision()), files, anchor, again=False, advance=lambda: None)
    load(target, str(head_revision()), files, anchor, again=True, advance=lambda: None)  # it is its own work
    assert contents(target) == before
    other = anchor._replace(hash="0" * 64)
    with pytest.raises(LedgerNotEmpty):
        load(target, str(head_revision()), files, other, again=True, advance=lambda: None)


def test_a_file_that_does_not_fit_leaves_no_ledger(world, ledger_url, tmp_path, new_postgresql_database):
    files = written(world, tmp_path / "files")
    pq.write_table(pq.read_table(files["transitions"]).drop_columns(["actor"]), files["transitions"])
    on_sqlite = ledger_url.startswith("sqlite")
    target = f"sqlite:///{tmp_path / 'restored.sqlite'}" if on_sqlite else new_postgresql_database()
    with reading(world.engine) as session:
        anchor = head(session)
    with pytest.raises(RowsDiffer, match="transitions"):
        load(target, str(head_revision()), files, anchor, again=False, advance=lambda: None)
    assert not any(contents(target).values())


def test_a_table_is_of_the_moment_in_which_reading_began(world, tmp_path):
    agencies = next(table for table in backed_up() if table.name == "agencies")
    before, after = io.BytesIO(), io.BytesIO()
    with reading(world.engine) as session:
        assert write_table(session, agencies, before) == 1
        with writing(world.engine) as other:  # nobody waits for the backup
            other.add(Agency(agency_code="376500001A", name="新機關"))
        assert write_table(session, agencies, after) == 1
    assert before.getvalue() == after.getvalue()
    with reading(world.engine) as session:
        assert write_table(session, agencies, io.BytesIO()) == 2
