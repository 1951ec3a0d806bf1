"""A portal on a port of this machine, for tests that a browser or a proxy comes to."""

import threading
import time
from contextlib import contextmanager

import uvicorn

from portal.app import create_app
from portal.server import server_config


@contextmanager
def serving(platform, settings, port):
    """Serve until the block ends; yields the portal's address."""
    server = uvicorn.Server(server_config(create_app(platform, settings), settings, port=port))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the portal did not start"
            time.sleep(0.02)
        yield settings.url
    finally:
        server.should_exit = True
        thread.join()
