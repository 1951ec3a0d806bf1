"""A home with years of national months, made from one that was really handed in, entered and published.

The other months are the first one's reading copies with month and times moved, and the first one's ledger rows
likewise: what publishing and analysts meet is as large and as varied as if all had been handed in.  Only the first
month has partition files in the store and bytes in landing.
"""

import re
import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
from nation import MONTH, Nation

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from assets.reviewing import review
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.duties.calendar import shipped
from warehouse.home import Home
from warehouse.ledger.engine import writing
from warehouse.months import month_range, shifted
from warehouse.publish.manifest import Copy, Manifest
from warehouse.publish.partitions import DETAILS
from warehouse.register import import_register

#: Tables of the ledger whose rows belong to a month; `{month}` and moments are moved.
_TABLES = ("submissions", "arrivals", "transitions", "dataset_counts", "agency_months", "reviews", "reviewed")


def open_home(root: Path, now: datetime) -> Platform:
    """The home's platform, by whose clock it is `now`."""
    return platform(Settings(home=root), actor="benchmark", clock=lambda: now)


def made_home(nation: Nation, root: Path, months: int) -> Path:
    """A home under `root` with that many months, the last of them the nation's; made once and found again."""
    home = root / f"home-{nation.root.name}-{months}"
    if not (home / "made").exists():
        last = shipped().due(MONTH) + timedelta(hours=3)
        opened = open_home(home, last)
        _first_month(opened, nation)
        for month in month_range(shifted(MONTH, 1 - months), shifted(MONTH, -1)):
            print(f"  {month}", flush=True)
            _further_month(opened, month)
        publish_now(opened, [])
        opened.engine.dispose()
        (home / "made").touch()
    return home


def _first_month(opened: Platform, nation: Nation) -> None:
    with writing(opened.engine) as session:
        import_register(session, nation.register, date(2011, 1, 1))
    hand_in(opened, (HandedIn(name, Path(name).read_bytes()) for name in nation.all_files))
    enter(opened, MONTH)
    review(opened)
    publish_now(opened, [MONTH])


def _further_month(opened: Platform, month: str) -> None:
    # A connection of its own: the ledger's engine lets nobody but the lifecycle write a state.
    with sqlite3.connect(str(opened.engine.url.database)) as connection:
        for table in _TABLES:
            _repeat_rows(connection, table, month)
    manifest = Manifest.load(opened.home.published)
    for name in DETAILS:
        manifest.set_period(name, month, [_moved(opened.home, copy, month) for copy in manifest.of(name, MONTH)])
    manifest.save(opened.clock())
    manifest.confirm()


def _repeat_rows(connection: sqlite3.Connection, table: str, month: str) -> None:
    """Insert the first month's rows again for another; ids of documents stay, as agency and month are in the key."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    kept = [name for name in columns if name != "id" or table == "submissions"]
    values = ", ".join(":month" if name == "month" else f'"{name}"' for name in kept)
    names = ", ".join(f'"{name}"' for name in kept)
    connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE month = :first",
        {"month": month, "first": MONTH},
    )


def _moved(home: Home, copy: Copy, month: str) -> Copy:
    """A reading copy with its month and its times moved; findings that lie in one file for two tables stay one."""
    file = re.sub(MONTH, month, copy.file)
    path = home.published / file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        by = datetime.fromisoformat(f"{month}-01") - datetime.fromisoformat(f"{MONTH}-01")
        rows = pl.scan_parquet(home.published / copy.file, hive_partitioning=False)
        times = [name for name, dtype in rows.collect_schema().items() if isinstance(dtype, pl.Datetime)]
        moved = rows.with_columns(pl.lit(month).alias("month"), *(pl.col(name) + by for name in times))
        moved.sink_parquet(path, compression="zstd", compression_level=1, row_group_size=61_440)
    return Copy(copy.dataset, month, file, copy.rows, copy.published_at)


def late_agency(opened: Platform, nation: Nation, number: int) -> None:
    """One agency hands its month in again, changed, and it is entered.

    Not reviewed: that reads the partition files of the year before, which the moved months lack.
    """
    agency = [one for one in nation.agencies if one.fatal is None][number]
    data = nation.document(agency).read_bytes().replace(b'"version":"2.4.1"', f'"version":"2.4.{number + 2}"'.encode())
    hand_in(opened, [HandedIn(f"late-{number}.json", data)])
    enter(opened, MONTH)
