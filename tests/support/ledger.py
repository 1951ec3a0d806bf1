"""The ledger for tests: each test that asks for it runs twice, on SQLite and on PostgreSQL.

Migrated once a process and copied from then on: migrating costs more than most tests, and has tests of its own.
"""

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import Engine

from tests.support.postgres import PostgresServer
from warehouse.ledger.engine import open_ledger


@cache
def _migrated() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="ledger-")
    _KEPT.append(folder)  # until the process ends
    file = Path(folder.name) / "ledger.sqlite"
    open_ledger(f"sqlite:///{file}").dispose()
    return file


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def put_migrated(file: Path) -> None:
    """Put an empty, migrated ledger there, where there is none."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_migrated(), file)


def new_ledger(folder: Path) -> Engine:
    """Open an empty, migrated ledger in a folder where there is none."""
    put_migrated(folder / "ledger.sqlite")
    return open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh, empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return request.getfixturevalue("new_postgresql_database")()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: PostgresServer) -> str:
    """The name of a database that holds an empty, migrated ledger, to be copied."""
    name = "migrated_ledger"
    made = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    postgresql_server.execute(sql.SQL(made).format(sql.Identifier(name)))
    open_ledger(postgresql_server.url.set(database=name)).dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a fresh, migrated ledger, once of each kind."""
    if request.param == "sqlite":
        engine = new_ledger(tmp_path)
    else:
        template = request.getfixturevalue("migrated_postgresql")
        engine = open_ledger(request.getfixturevalue("new_postgresql_database")(template=template))
    yield engine
    engine.dispose()
