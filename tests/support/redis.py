"""A real Redis for tests: Debian's binary on a free port, nothing kept; a fixture, known by `tests/conftest.py`."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
import redis

from tests.support.postgres import free_port

_PATIENCE = 20.0


class RedisServer:
    """One server on loopback; `stop` and `start` again as a test needs."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.skip("needs redis-server: make system")
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen(
            [binary, *options, "--dir", str(self._folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + _PATIENCE
        with redis.Redis(port=self.port) as asked:
            while True:
                try:
                    asked.ping()
                except redis.ConnectionError:
                    assert self._process.poll() is None, "redis-server did not start"
                    assert time.monotonic() < until, "redis-server does not answer"
                    time.sleep(0.02)
                else:
                    return

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def redis_server(tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
