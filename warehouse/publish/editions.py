"""What was published, on the object store: one edition after another, of which the manifest names the newest.

Below `published/` lie the reading copies, each under its own name for ever, `warehouse/<hash>.duckdb`, and
`manifest.json`, the one object that is ever replaced: last, and only in place of the edition that was begun from, so
that a publisher who has lost its lock cannot put an older edition over a newer one.
"""

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from warehouse.files import ObjectStore, SharedFiles
from warehouse.home import Home
from warehouse.publish.durable import aside, settle, write_text
from warehouse.publish.manifest import NAME, Manifest

#: Which edition the published folder of this machine was brought up to: the name of its DuckDB file.
_MARK = ".edition"
#: Copies sent or fetched at once.
_AT_ONCE = 4


class PublishedMeanwhile(RuntimeError):  # noqa: N818 — says what happened
    """Another publisher has put an edition in the place of the one that this one began from."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"{place} 已由另一個程序發布，請再發布一次 another publisher has published there meanwhile: publish again"
        )


@dataclass(frozen=True)
class Edition:
    """What the object store's manifest says, and its version there."""

    content: dict[str, Any]
    version: str

    @property
    def warehouse(self) -> str:
        """The name of its DuckDB file, below `published/`."""
        return str(self.content["warehouse"])

    def manifest(self, folder: Path) -> Manifest:
        """It as the manifest of a published folder; KeyError or TypeError where another program made it."""
        return Manifest.from_content(folder, self.content)

    @property
    def files(self) -> set[str]:
        """Everything that it needs, below `published/`."""
        return {self.warehouse, *(copy["file"] for copy in self.content["copies"])}


def shared(objects: ObjectStore) -> SharedFiles:
    """The published files on the object store."""
    return objects.files("published")


def newest(files: SharedFiles) -> Edition | None:
    """The edition to read; None where nothing was published yet."""
    try:
        data, version = files.read_version(NAME)
    except FileNotFoundError:
        return None
    return Edition(json.loads(data), version)


def held(home: Home) -> str:
    """The name of the edition's DuckDB file that this machine has; empty where it has none."""
    try:
        return (home.published / _MARK).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def hold(home: Home, warehouse: str) -> None:
    """Remember which edition this machine has."""
    write_text(home.published / _MARK, warehouse)


def take_up(home: Home, now: datetime) -> Edition | None:
    """Before publishing: have the published folder be that of the newest edition, which may be another machine's.

    What the object store has lost is made anew by the publishing.  None on a folder, and before the first edition.
    """
    if home.objects is None:
        return None
    files = shared(home.objects)
    edition = newest(files)
    if edition is not None and held(home) != edition.content.get("warehouse"):
        try:
            manifest = edition.manifest(home.published)
        except (KeyError, TypeError):  # of another version of this program: all is made anew
            return edition
        fetch_copies(files, manifest, there={one.name for one in files.listed()})
        adopt(manifest, now)
    return edition


def adopt(manifest: Manifest, now: datetime) -> None:
    """Have this be the manifest of its folder; what it shows no more is this machine's to remove in time."""
    manifest.retired = Manifest.load(manifest.folder).retired
    manifest.save(now)


def fetch_copies(files: SharedFiles, manifest: Manifest, there: set[str] | None = None) -> list[str]:
    """Fetch the copies that the folder lacks, or those of them that are `there`; which.

    Raises FileNotFoundError where one is not on the object store.
    """
    lacking = {copy.file for copy in manifest.all() if not (manifest.folder / copy.file).is_file()}
    wanted = sorted(lacking if there is None else lacking & there)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="editions") as readers:
        list(readers.map(lambda name: fetch_file(files, name, manifest.folder / name), wanted))
    return wanted


def fetch_file(files: SharedFiles, name: str, path: Path) -> None:
    """Fetch an object; the file is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.get_file(name, aside(path))
    settle(aside(path), path)


def hand_out(home: Home, manifest: Manifest, began: Edition | None, now: datetime, grace: timedelta) -> None:
    """After publishing: have the object store's readers see it, and remove what none of them can need any more.

    Replaced copies stay for twice the grace: somebody may be fetching them.  Does nothing on a folder.  Raises
    `PublishedMeanwhile`.
    """
    if home.objects is None:
        return
    files = shared(home.objects)
    there = {one.name for one in files.listed()} - {NAME}
    with home.warehouse.open("rb") as file:
        warehouse = f"warehouse/{hashlib.file_digest(file, 'sha256').hexdigest()[:32]}.duckdb"
    current = {copy.file for copy in manifest.all()}
    _send(files, home.published, current - there)
    files.put_file(warehouse, home.warehouse)
    moment = now.astimezone(UTC).isoformat()
    known = began.content.get("retired", {}) if began else {}
    retired = {name: known.get(name, moment) for name in there - current - {warehouse}}
    content = {**manifest.content(), "retired": retired, "warehouse": warehouse}
    data = json.dumps(content, indent=1).encode()
    if not files.replace(NAME, data, began.version if began else None):
        raise PublishedMeanwhile(files.where(NAME))
    hold(home, warehouse)
    for name, since in retired.items():
        if now - datetime.fromisoformat(since) > 2 * grace:
            files.remove(name)


def _send(files: SharedFiles, folder: Path, names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="editions") as writers:
        list(writers.map(lambda name: files.put_file(name, folder / name), sorted(names)))
