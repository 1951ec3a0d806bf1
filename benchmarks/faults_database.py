"""Kinds of trial on PostgreSQL: its postmaster, or the backend that serves a run, is killed with -9 during the run."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg
from faults_checks import accepted_lost, age
from faults_kills import Tally, made_good
from faults_process import STEPS, RunFailedError, Running
from faults_world import World
from psycopg import sql

from tests.support.postgres import PostgresServer, find_binaries

_LIVE = "live"


class OnPostgres:
    """The ledger in a database of its own; before each act it is kept as another one, which is its template after."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._copy(_LIVE, "template0")

    @property
    def url(self) -> str:
        """The live database's."""
        return self.server.url.set(database=_LIVE).render_as_string(hide_password=False)

    def keep(self, number: int) -> None:
        """Copy it."""
        self._copy(f"act_{number}", _LIVE)

    def bring_back(self, number: int) -> None:
        """Make it anew from the copy."""
        self.server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_LIVE)))
        self._copy(_LIVE, f"act_{number}")

    def _copy(self, name: str, of: str) -> None:
        # By PostgreSQL's default way (WAL_LOG) a copy's sequences go back by a crash before the next checkpoint: what
        # was numbered since is numbered again.  That is the copy's, and no installation is one.
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
        self.server.execute(sql.SQL(copy).format(sql.Identifier(name), sql.Identifier(of)))

    def backends(self) -> list[int]:
        """Process ids of those that serve the live database."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self.server.url.set(drivername="postgresql").render_as_string(hide_password=False)) as own:
            return [pid for (pid,) in own.execute(query, [_LIVE]).fetchall()]


@contextmanager
def world_on_postgres(work: Path, months: Sequence[str]) -> Iterator[World | None]:
    """The world with its ledger on a server that waits for the disk; None where PostgreSQL is not on this machine."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    server = PostgresServer(binaries, durable=True)
    try:
        server.start()
        with World(work, OnPostgres(server), months).open() as world:
            yield world
    finally:
        server.stop()


def database_kills(world: World, rounds: int, seed: int) -> Tally:
    """Kill the whole server, and in every other round one backend, at a random moment of a run."""
    tally, rng = Tally("kill -9 of PostgreSQL"), Random(seed)
    assert isinstance(world.ledger, OnPostgres)
    ledger = world.ledger
    with tally.timed():
        for number in range(rounds):
            act, step = rng.choice(world.acts), STEPS[number % len(STEPS)]
            world.restore(act)
            running = Running(world.task(act))
            if running.wait_for(step):
                time.sleep(rng.random() * world.durations[act.number][step])
            if number % 2:
                target = _kill_backend(ledger, rng)
            else:
                target = "postmaster"
                ledger.server.kill()
            wrong = _ended(running, tally, target)
            ledger.server.revive()
            age(world.home)
            wrong += accepted_lost(world.home, ledger.url)
            tally.note(f"round {number}, act {act.number}", wrong + made_good(world, act, world.task(act, 1)))
    return tally


def _kill_backend(ledger: OnPostgres, rng: Random) -> str:
    """PostgreSQL then ends all its sessions and recovers by itself."""
    pids = ledger.backends()
    if not pids:
        return "no backend just then"
    os.kill(rng.choice(pids), signal.SIGKILL)
    return "a backend"


def _ended(running: Running, tally: Tally, target: str) -> list[str]:
    """Wait for the run's end: with one line that says that the database was lost, or well without it."""
    try:
        running.finish()
    except RunFailedError as error:
        tally.hits[f"{target}, in {running.step}"] += 1
        return [] if "報送帳冊" in str(error) else [f"said: {error}"]
    tally.hits[f"{target}, not needed"] += 1
    return []
