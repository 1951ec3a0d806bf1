"""The warehouse as it is stated, as it is documented, and as it is published are one."""

from pathlib import Path

import pytest

from tests.support.world import World
from warehouse.publish.database import open_warehouse
from warehouse.publish.publisher import publish
from warehouse.tables import TABLES, tables_page

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


@pytest.fixture(scope="module", params=["empty", "filled"])
def warehouse(request, tmp_path_factory):
    world = World(tmp_path_factory.mktemp("tables"))
    if request.param == "filled":
        world.agency("A000000001", headcount=1)
        findings = [("W201", "warning", "L-0")]
        world.enter(
            "A000000001",
            "2021-01",
            "2021-02-01 09:00",
            leaves=[(1, "03", 8)],
            overtime=[(1, 60)],
            clockings=2,
            findings=findings,
        )
    publish(world.home, world.engine)
    with open_warehouse(world.home.warehouse) as connection:
        yield connection


def test_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == tables_page(), "run: python -m warehouse.tables > docs/tables.md"


def test_every_table_and_column_is_there_in_its_type_with_its_comment(warehouse):
    rows = warehouse.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE database_name = current_database() AND NOT internal ORDER BY 1, column_index"
    ).fetchall()
    stated = [(table.qualified, c.name, c.type, c.comment) for table in TABLES.values() for c in table.columns]
    assert sorted(rows) == sorted(stated)
    tables = warehouse.execute(
        "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() "
        "UNION ALL SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    assert dict(tables) == {table.qualified: table.comment for table in TABLES.values()}


def test_every_title_is_chinese_and_headings_differ():
    for table in TABLES.values():
        titles = list(table.headings.values())
        assert len(set(titles)) == len(titles), table.qualified
        for text in (table.title, table.description, *titles):
            assert any("\u4e00" <= character <= "\u9fff" for character in text), (table.qualified, text)


def test_no_table_has_a_column_for_what_must_not_be_seen():
    columns = {
        column.name for table in TABLES.values() for column in table.columns if table.qualified != "reports.due_months"
    }
    assert columns.isdisjoint({"person_id", "name_of_person", "reason", "certificate", "employee_name"})
    assert "name" not in {
        column.name for table in TABLES.values() if table.name != "agencies" for column in table.columns
    }
