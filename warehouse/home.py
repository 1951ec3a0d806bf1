"""Where everything of one installation lies: the folders and files under `ATTENDANCE_HOME`.

Paths only; what is in each belongs to the module that writes it.
"""

import os
import stat
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy.engine import URL

from warehouse.bundles import BundlePlace
from warehouse.files import Files, ObjectStore
from warehouse.files_local import LocalFiles

#: How long a reader may keep a warehouse open that has been replaced.
GRACE = timedelta(hours=24)

#: What is kept here is personal data: the owner's alone, whatever the umask.
FOLDER_MODE = 0o700
#: What the group may do besides where `group_reads`: enter and read what was published, nothing else.
_GROUP_ENTERS, _GROUP_READS = 0o050, 0o040


@dataclass(frozen=True)
class Home:
    """The layout under `root` (made absolute).  `ledger_url` is SQLite within it unless a team names its PostgreSQL.

    `ledger_url` may hold a password and is therefore not part of the object's `repr`.  With `objects`, landing,
    store and published files are on that object store, and the folders of the last two are caches.  `group_reads`: the
    group may read `warehouse.duckdb` and what it shows.
    """

    root: Path
    ledger_url: str = field(default="", repr=False)
    objects: ObjectStore | None = None
    group_reads: bool = False

    def __post_init__(self) -> None:
        root = Path(self.root).expanduser().resolve()
        object.__setattr__(self, "root", root)
        if not self.ledger_url:
            url = URL.create("sqlite", database=str(root / "ledger.sqlite"))
            object.__setattr__(self, "ledger_url", url.render_as_string(hide_password=False))

    @property
    def landing(self) -> Path:
        """The folder of landing, where it is not on an object store."""
        return self.root / "landing"

    @property
    def landing_files(self) -> Files:
        """Every byte ever received: `warehouse.landing.Landing`."""
        return LocalFiles(self.landing) if self.objects is None else self.objects.files("landing")

    @property
    def store(self) -> Path:
        """The Parquet files, one for each dataset and submission; with `objects` only a cache of them."""
        return self.root / "store"

    @property
    def bundles(self) -> BundlePlace | None:
        """Where the store's files go, where they go to an object store."""
        return None if self.objects is None else BundlePlace(self.objects)

    @property
    def published(self) -> Path:
        """What publishing has built, by month."""
        return self.root / "published"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that analysts open; it is replaced as a whole."""
        return self.root / "warehouse.duckdb"

    @property
    def inbox(self) -> Path:
        """The folder from which the manual channel takes files."""
        return self.root / "inbox"

    @property
    def dagster(self) -> Path:
        """Dagster's own home."""
        return self.root / "dagster"

    @property
    def sources(self) -> Path:
        """Settings of the pulling channels, `sources.toml`; it need not exist."""
        return self.root / "sources.toml"

    @property
    def demo(self) -> Path:
        """The made-up country's systems: a folder of theirs is what tells a demo's home from others."""
        return self.root / "demo"

    @property
    def archive_files(self) -> Files:
        """The reports of retired years: `warehouse.retention.archive`."""
        return LocalFiles(self.root / "archive") if self.objects is None else self.objects.files("archive")

    @property
    def retention(self) -> Path:
        """The installation's own years of keeping, `retention.csv`; it need not exist."""
        return self.root / "retention.csv"

    @property
    def duties(self) -> Path:
        """The installation's own calendar of duties, `duties.csv`; it need not exist."""
        return self.root / "duties.csv"

    def create(self) -> "Home":
        """Make the root and its folders where they are missing; raises OSError where that cannot be done."""
        landing = [self.landing] if self.objects is None else []
        for folder in (self.root, *landing, self.store, self.published, self.inbox, self.dagster):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        return self

    @property
    def umask(self) -> int:
        """What programs set, so that what libraries make is as private as what we make."""
        return 0o027 if self.group_reads else 0o077

    def protect(self) -> None:
        """Correct the modes of the root and of what lies in it, where this user owns it; below, those protect."""
        for path in (self.root, *self.root.iterdir()):
            found = path.lstat()
            wanted = self._wanted(path, found)
            if found.st_uid == os.geteuid() and wanted != stat.S_IMODE(found.st_mode):
                path.chmod(wanted)

    def unprotected(self, most: int) -> list[Path]:
        """What others may read, or the group where it may not, among the first `most` files and folders."""
        below = (Path(folder, name) for folder, folders, files in os.walk(self.root) for name in (*folders, *files))
        looked_at = (self.root, *islice(below, most))
        return [path for path in looked_at if _excess(found := path.lstat(), self._wanted(path, found))]

    def _wanted(self, path: Path, found: os.stat_result) -> int:
        """The mode that a path is to have: what the owner may is the owner's business."""
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISLNK(found.st_mode) or path == self.inbox or self.inbox in path.parents:
            return mode  # who may put files there is the operator's business
        private = mode & 0o700
        shared = path in (self.root, self.published, self.warehouse) or self.published in path.parents
        if not (self.group_reads and shared):
            return private
        return private | (_GROUP_ENTERS if stat.S_ISDIR(found.st_mode) else _GROUP_READS) | mode & stat.S_ISGID


def _excess(found: os.stat_result, wanted: int) -> int:
    return stat.S_IMODE(found.st_mode) & 0o077 & ~wanted
