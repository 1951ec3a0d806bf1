"""The portal over a small installation, asked without a network in between; and in a browser over a real server."""

import threading
import time

import httpx
import pytest
import uvicorn

from portal.app import create_app
from tests.support.installations import installation
from tests.support.postgres import free_port


@pytest.fixture
def opened(tmp_path):
    made = installation(tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def portal(opened):
    """A client of the portal."""
    transport = httpx.ASGITransport(create_app(opened))
    return httpx.AsyncClient(transport=transport, base_url="http://portal.test")


@pytest.fixture
def served(opened):
    """The address of a portal that a browser can reach."""
    config = uvicorn.Config(create_app(opened), host="127.0.0.1", port=free_port(), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = True
    thread.join()
