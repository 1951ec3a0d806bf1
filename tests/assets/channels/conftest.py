"""What the channels' tests share: a real landing, a memory, a real HTTP server."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.channels.protocol import Land
from tests.assets.channels.p2k_database import P2kDatabase
from tests.assets.channels.p2k_desk import Desk
from tests.assets.channels.recalled import Recalled
from tests.assets.channels.webitr_server import WebItrServer
from warehouse.landing import Landed, Landing


@pytest.fixture
def memory() -> Recalled:
    return Recalled()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def land(landing: Landing) -> Land:
    def put(chunks: Iterable[bytes]) -> Landed:
        return landing.put_stream(chunks, 256 << 20)

    return put


@pytest.fixture
def start_server() -> Iterator[Callable[..., WebItrServer]]:
    started: list[WebItrServer] = []

    def start(**options: object) -> WebItrServer:
        started.append(WebItrServer(**options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(start_server: Callable[..., WebItrServer]) -> WebItrServer:
    return start_server()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    if request.param == "sqlite":
        made = iter(range(9))
        return lambda: f"sqlite:///{tmp_path}/p2k{next(made)}.sqlite"
    return request.getfixturevalue("new_postgresql_database")


@pytest.fixture
def new_database(new_url: Callable[[], str]) -> Iterator[Callable[..., P2kDatabase]]:
    made: list[P2kDatabase] = []

    def create(**options: Any) -> P2kDatabase:
        made.append(P2kDatabase(new_url(), **options))
        return made[-1]

    yield create
    for database in made:
        database.close()


@pytest.fixture
def database(new_database: Callable[..., P2kDatabase]) -> P2kDatabase:
    database = new_database()
    database.add("CPAPE05M")
    return database


@pytest.fixture
def desk(landing: Landing, land: Land) -> Desk:
    return Desk(landing, land)
