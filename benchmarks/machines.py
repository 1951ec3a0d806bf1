"""Measure a run's share of a national month as many machines do it: PostgreSQL, an object store, a home for each step.

    python benchmarks/machines.py --share 0.12 --workers 1 2 4

A share of 0.12 is 1,000 agencies, what a run of a backfill takes at most.  Every step is a process with an empty home
of its own: landing, entering with so many workers, publishing, fetching.  PostgreSQL waits for the disk; both servers
and the measured processes share the machine, so memory says more than seconds.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread

import psycopg
from measure import measure
from nation import MONTH, make_nation, open_nation
from psycopg import sql

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from assets.reviewing import review
from pipelines.resources import platform
from pipelines.settings import load_settings
from tests.support.object_store import SECRET, SHARED_KEYS, USER, ObjectStoreServer
from tests.support.postgres import PostgresServer, find_binaries
from warehouse.duties.calendar import shipped
from warehouse.ledger.engine import writing
from warehouse.publish.fetching import fetch
from warehouse.register import import_register

_LOOK_SECONDS = 0.2


def _land(opened: Platform, nation: Path) -> None:
    made = open_nation(nation)
    with writing(opened.engine) as session:
        import_register(session, made.register, date(2021, 1, 1))
    hand_in(opened, (HandedIn(name, Path(name).read_bytes()) for name in made.all_files))


def _publish(opened: Platform, _: Path) -> None:
    review(opened)
    publish_now(opened, [MONTH])


def _fetch(opened: Platform, _: Path) -> None:
    assert opened.home.objects is not None
    fetch(opened.home, opened.home.objects, opened.clock(), opened.grace)


STEPS: dict[str, Callable[[Platform, Path], object]] = {
    "land": _land,
    "enter": lambda opened, _: enter(opened, MONTH),
    "publish": _publish,
    "fetch": _fetch,
}


def main() -> None:
    """Measure and print, or (`--step`, in the measured process) do one step."""
    options = _options()
    if options.step:
        closing = shipped().due(MONTH) + timedelta(hours=3)
        opened = platform(load_settings(), actor="benchmark", clock=lambda: closing)
        STEPS[options.step](opened, options.nation)
        opened.engine.dispose()
        return
    nation = make_nation(options.work, options.share)
    binaries = find_binaries()
    assert binaries is not None, "apt-get install postgresql"
    database, objects = PostgresServer(binaries, durable=True), ObjectStoreServer()
    try:
        database.start()
        objects.start()
        os.environ |= {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": SECRET}
        for workers in options.workers:
            _measure_installation(database, objects, nation.root, workers)
    finally:
        objects.stop()
        database.stop()


def _measure_installation(database: PostgresServer, objects: ObjectStoreServer, nation: Path, workers: int) -> None:
    name = f"of_{workers}_{secrets.token_hex(4)}"
    database.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    bucket = name.replace("_", "-")
    client = objects.client()
    client.create_bucket(Bucket=bucket)
    ledger = database.url.set(database=name)
    settings = {
        **SHARED_KEYS,
        "ledger_url": ledger.render_as_string(hide_password=False),
        "objects_url": f"s3://{bucket}/attendance",
        "objects_endpoint": objects.endpoint,
        "objects_region": "us-east-1",
        "entry_workers": str(workers),
    }
    os.environ |= {f"ATTENDANCE_{name.upper()}": value for name, value in settings.items()}
    address = ledger.set(drivername="postgresql").render_as_string(hide_password=False)
    for step in STEPS:
        with tempfile.TemporaryDirectory(prefix="machine-") as home, _connections(address) as seen:
            os.environ["ATTENDANCE_HOME"] = home
            done = measure([__file__, "--step", step, "--nation", str(nation)])
        print(
            json.dumps(
                {
                    "workers": workers,
                    "step": step,
                    "seconds": round(done.wall, 1),
                    "processor": round(done.cpu, 1),
                    "peak_MB": round(done.peak_bytes / 1e6),
                    "connections": max(seen, default=0),
                }
            ),
            flush=True,
        )
    sizes: dict[str, list[int]] = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", ()):
            sizes.setdefault(one["Key"].split("/")[1], []).append(one["Size"])
    with psycopg.connect(address) as connection:
        (ledger_bytes,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    print({"ledger_MB": ledger_bytes / 1e6, **{k: (len(v), sum(v) / 1e6) for k, v in sizes.items()}}, flush=True)


@contextmanager
def _connections(address: str) -> Iterator[list[int]]:
    """How many connections others had to the database, at each look."""
    seen: list[int] = []
    ended = Event()

    def look() -> None:
        query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        with psycopg.connect(address, autocommit=True) as connection:
            while not ended.wait(_LOOK_SECONDS):
                (count,) = connection.execute(query).fetchone() or (0,)
                seen.append(count)

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.12)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "attendance-machines")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--nation", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(sys.argv[1:])


if __name__ == "__main__":
    main()
