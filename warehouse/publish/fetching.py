"""Fetching what was published from the object store onto another machine: a local warehouse for whoever reads there.

Only what the machine lacks comes over the network.  The new warehouse is swapped in as publishing does it, and the
copies that the old one shows stay for the grace; who has it open notices nothing.
"""

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from warehouse import reports
from warehouse.files import ObjectStore, SharedFiles
from warehouse.home import Home
from warehouse.publish.copies import table_of
from warehouse.publish.database import CONFIG, comment_all, show_files
from warehouse.publish.durable import aside, settle
from warehouse.publish.editions import Edition, adopt, fetch_copies, held, hold, newest, shared
from warehouse.publish.lock import published_here_alone
from warehouse.publish.manifest import Manifest
from warehouse.publish.partitions import DETAILS

#: Seconds to wait for another fetch, or a publisher, on this machine.
_PATIENCE = 600.0
#: So often an edition may be replaced, and swept, while it is fetched.
_TRIES = 5
#: The tables that are views over copies.
_VIEWS = (*DETAILS, *reports.FROM_LEDGER, *reports.BY_YEAR, "summary")


class NothingToFetch(RuntimeError):  # noqa: N818 — says what happened
    """Nothing was published to the object store yet."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"{place} 尚未發布 nothing has been published there yet: attendance run does it")


class EditionLost(RuntimeError):  # noqa: N818 — says what happened
    """The object store lacks, or has damaged, what its manifest names."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"{place} 遺失或毀損，請再發布一次 is missing or damaged on the object store: publish again "
            "(attendance run)"
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: whether there was a newer edition, copies, their bytes with the DuckDB file's, seconds."""

    newer: bool
    copies: int
    bytes: int
    seconds: float


def fetch(home: Home, objects: ObjectStore, now: datetime, grace: timedelta) -> Fetched:
    """Have `home.warehouse` be what was published last.

    `grace`: how long readers here may keep a replaced warehouse open.  Raises `NothingToFetch`, `EditionLost`,
    `PublishingBusy`, and OSError where disk or object store give up; the old warehouse then stays.
    """
    began = time.monotonic()
    files = shared(objects)
    with published_here_alone(home, _PATIENCE):
        Manifest.load(home.published).clean_unfinished()
        for _ in range(_TRIES):
            edition = newest(files)
            if edition is None:
                raise NothingToFetch(files.place)
            manifest = edition.manifest(home.published)
            if held(home) == edition.warehouse and home.warehouse.exists() and not manifest.missing():
                return Fetched(newer=False, copies=0, bytes=0, seconds=time.monotonic() - began)
            try:
                copies = fetch_copies(files, manifest)
                files.get_file(edition.warehouse, aside(home.warehouse))
            except FileNotFoundError as error:
                lost = str(error.filename)  # swept with the edition that it was of, or lost
                continue
            _swap_in(home, files, edition, manifest, now)
            manifest.clean(now, grace)
            size = sum((home.published / name).stat().st_size for name in copies) + home.warehouse.stat().st_size
            return Fetched(newer=True, copies=len(copies), bytes=size, seconds=time.monotonic() - began)
    raise EditionLost(lost)


def newest_here(home: Home, now: datetime, grace: timedelta) -> None:
    """Have this machine read what was published last, which another may have done.

    Nothing is done in a folder, or where nothing was published yet.  Raises as `fetch` does.
    """
    if home.objects is not None:
        with suppress(NothingToFetch):
            fetch(home, home.objects, now, grace)


def _swap_in(home: Home, files: SharedFiles, edition: Edition, manifest: Manifest, now: datetime) -> None:
    unfinished = aside(home.warehouse)
    with unfinished.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest[:32] != Path(edition.warehouse).stem:
        raise EditionLost(files.where(edition.warehouse))
    with duckdb.connect(str(unfinished), config=CONFIG) as connection:
        for name in _VIEWS:
            show_files(connection, table_of(name), manifest.files(name))
        comment_all(connection)
    adopt(manifest, now)
    settle(unfinished, home.warehouse)
    manifest.confirm(home.warehouse)
    hold(home, edition.warehouse)
