"""A real Prometheus on loopback with our alert rules, scraping whatever targets a test names."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.support.postgres import free_port

RULES = Path(__file__).parents[2] / "deploy" / "alerts.yml"
PROGRAM, TOOL = shutil.which("prometheus"), shutil.which("promtool")


@contextmanager
def serving(pages: Mapping[str, str]) -> Iterator[int]:
    """Serve each text under `/NAME`; the port."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages[self.path.strip("/")].encode())

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()


class Prometheus:
    """One that runs; `ask` evaluates an expression now."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/query"

    def ask(self, expression: str) -> list[dict[str, str]]:
        """The labels of each series that the expression gives."""
        with urlopen(f"{self._url}?{urlencode({'query': expression})}", timeout=10) as answer:
            return [one["metric"] for one in json.load(answer)["data"]["result"]]

    def wait_for(self, expression: str, number: int = 1, seconds: float = 60) -> list[dict[str, str]]:
        """The same, once there are so many of them at least."""
        until = time.monotonic() + seconds
        while True:
            try:
                found = self.ask(expression)
            except OSError:
                found = []
            if len(found) >= number:
                return found
            assert time.monotonic() < until, f"{expression}: {found}"
            time.sleep(0.3)


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, tuple[int, str]]) -> Iterator[Prometheus]:
    """Scrape each target (job → port and path) every three seconds, with our rules."""
    assert PROGRAM is not None
    jobs = [
        {"job_name": job, "metrics_path": path, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        for job, (port, path) in targets.items()
    ]
    config = {
        "global": {"scrape_interval": "3s", "evaluation_interval": "1s", "scrape_timeout": "3s"},
        "rule_files": [str(RULES)],
        "scrape_configs": jobs,
    }
    file, port = folder / "prometheus.yml", free_port()
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [PROGRAM, f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "prometheus.log").open("wb") as log:
        running = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield Prometheus(port)
    finally:
        running.terminate()
        running.wait(30)
