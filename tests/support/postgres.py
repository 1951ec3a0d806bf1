"""A real PostgreSQL server for tests: started from Debian's binaries, thrown away afterwards.

Fixtures only; `tests/conftest.py` makes them known.  The server listens on loopback alone, asks for a password, and
does not wait for the disk (nothing in it outlives the tests).
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

START_SECONDS = 30.0
_UNDURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


class PostgresError(RuntimeError):
    """PostgreSQL is there but would not start: a fault of the machine or of this fixture, never a reason to skip."""


def find_binaries() -> Path | None:
    """The folder that holds `initdb` and `postgres`: Debian's newest first, then whatever is on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    on_path = [Path(found).parent] if (found := shutil.which("initdb")) else []
    for folder in [*debian, *on_path]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


class PostgresServer:
    """One server in a temporary folder.  `url` is its maintenance database, for SQLAlchemy with psycopg.

    `durable`: it waits for the disk as PostgreSQL does by itself, for measurements.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._durability = () if durable else _UNDURABLE
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if durable else _reached_by_everybody()))
        self._data = self._folder / "data"
        self._password = secrets.token_urlsafe(12)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> URL:
        """Loopback address with user and password."""
        return URL.create("postgresql+psycopg", "postgres", self._password, "127.0.0.1", self._port, "postgres")

    def start(self) -> None:
        """Make the cluster and wait until it answers; raises `PostgresError` with the server's own words."""
        self._initdb()
        for _ in range(5):  # the port was free a moment ago; another may have taken it
            self._port = free_port()
            self._launch()
            if self._answers():
                return
            self._end_process()
        raise PostgresError((self._folder / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """Kill the postmaster with -9; its backends end when they notice, and nothing is written any more."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def revive(self) -> None:
        """Start it again where it was, on the same port, and wait until it answers; it may be up already.

        Raises `PostgresError`.  It refuses to start while a backend of before is still there.
        """
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                self._launch()
            if self._answers():
                return
            time.sleep(0.1)
        raise PostgresError((self._folder / "log").read_text(errors="replace"))

    def stop(self) -> None:
        """Stop at once and remove every file."""
        self._end_process()
        shutil.rmtree(self._folder, ignore_errors=True)

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement outside any transaction, as CREATE DATABASE must be."""
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(statement)

    def _conninfo(self) -> str:
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def _as_unprivileged(self) -> list[str]:
        """PostgreSQL refuses to run as root; and it must die with the tests, even where those are killed."""
        command = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() != 0:
            return command
        user = pwd.getpwnam(_unprivileged_user())
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        return [*command, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def _initdb(self) -> None:
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        password_file.chmod(0o644)  # within a folder that only the server's user enters
        made = subprocess.run(
            [
                *self._as_unprivileged(),
                str(self._binaries / "initdb"),
                f"--pgdata={self._data}",
                "--username=postgres",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise PostgresError(made.stdout + made.stderr)

    def _launch(self) -> None:
        settings = [
            *self._durability,
            f"port={self._port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",  # its path may have 107 bytes only
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_unprivileged(), str(self._binaries / "postgres"), "-D", str(self._data), *options],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def _answers(self) -> bool:
        """Whether the server takes connections, before it dies or the time is up."""
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                psycopg.connect(self._conninfo(), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def _end_process(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)  # "fast": ends its sessions first
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(10)
        self._process = None


def _reached_by_everybody() -> str:
    """The tests' own temporary folder, which lies in memory (Makefile), unless another user cannot get there.

    A new database is a copy of some 300 files: four times as much work on a disk.
    """
    folder = Path(tempfile.gettempdir())
    return str(folder) if all(one.stat().st_mode & 0o001 for one in (folder, *folder.parents)) else "/tmp"


def _unprivileged_user() -> str:
    """Debian's own user for PostgreSQL, or else the one that owns nothing."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """The server itself; most tests want `new_postgresql_database` instead."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb and postgres are not on this machine: apt-get install postgresql")
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: PostgresServer) -> str:
    """URL of the server's maintenance database `postgres` (`postgresql+psycopg://…`); leave it empty."""
    return postgresql_server.url.render_as_string(hide_password=False)


@pytest.fixture
def new_postgresql_database(postgresql_server: PostgresServer) -> Iterator[Callable[..., str]]:
    """A factory: each call, `new_postgresql_database(encoding="UTF8")`, gives the URL of a fresh, empty database.

    All of them are dropped at the test's end, whoever is still connected.  `encoding` is any of PostgreSQL's server
    encodings (`EUC_TW`, `SQL_ASCII`, …; Big5 is none of them).  psycopg knows no EUC_TW: connect with
    `client_encoding=utf8`.  `template` is the database that it is a copy of.
    """
    made: list[sql.Identifier] = []

    def create(encoding: str = "UTF8", template: str = "template0") -> str:
        name = f"test_{secrets.token_hex(6)}"
        postgresql_server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'").format(
                sql.Identifier(name), sql.Identifier(template), sql.Literal(encoding)
            )
        )
        made.append(sql.Identifier(name))
        url = make_url(postgresql_server.url).set(database=name)
        return url.render_as_string(hide_password=False)

    yield create
    for name in made:
        postgresql_server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
