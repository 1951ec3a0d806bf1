"""The ledger for tests: each test that asks for it runs twice, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from warehouse.ledger.engine import open_ledger


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh, empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return request.getfixturevalue("new_postgresql_database")()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Engine]:
    """Give a fresh, migrated ledger, once of each kind."""
    engine = open_ledger(ledger_url)
    yield engine
    engine.dispose()
