"""What the channels' tests share: a real landing, a memory, a real HTTP server."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from assets.channels.protocol import Land, Remembered
from tests.assets.channels.webitr_server import WebItrServer
from warehouse.landing import Landed, Landing


class Recalled(dict[str, Remembered]):
    """A memory that holds what a test puts in, whatever the channel and month."""

    def recall(self, channel: str, month: str) -> Mapping[str, Remembered]:
        return self


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
