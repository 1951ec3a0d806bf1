"""The archive (封存): the reports of retired years, as they were published last; the only place that still has them.

`year=2021/<report>/2021-03.parquet`, below `archive` of the home or on the object store.  Publishing takes from here
what it cannot make any more.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

import pyarrow.parquet as pq

from warehouse import reports
from warehouse.home import Home
from warehouse.publish.durable import aside, settle
from warehouse.publish.manifest import Copy, Manifest


class ArchiveLost(RuntimeError):  # noqa: N818 — says what happened
    """A report of a retired year is neither published nor in the archive."""

    def __init__(self, name: str, period: str, place: str) -> None:
        super().__init__(
            f"{period} 的 {name} 已不能重新產生而封存檔不存在，請自備份還原 {place} "
            f"{name} of {period} cannot be made any more and is not in the archive: restore {place} from a backup"
        )


def keep(home: Home, year: int) -> int:
    """Keep the year's published reports, in place of what was kept of it; how many files.  Raises `ArchiveLost`."""
    manifest, files = Manifest.load(home.published), home.archive_files
    wanted = [
        (name, period)
        for (name, period) in manifest.copies
        if name in (*reports.BY_MONTH, *reports.BY_YEAR) and period[:4] == f"{year:04}"
    ]
    names = []
    for dataset, period in wanted:
        (copy,) = manifest.of(dataset, period)
        name = _name(year, dataset, period)
        try:
            files.put(name, (manifest.folder / copy.file).read_bytes())
        except FileNotFoundError:
            raise ArchiveLost(dataset, period, str(manifest.folder / copy.file)) from None
        names.append(name)
    files.flush(names)
    return len(names)


def take_in(home: Home, manifest: Manifest, years: Iterable[int], now: datetime) -> None:
    """Have every report of these years that the archive holds among the manifest's copies, whole."""
    files = home.archive_files
    for year in sorted(years):
        for one in files.listed(f"year={year:04}/"):
            _, dataset, file = one.name.split("/")
            period = file.removesuffix(".parquet")
            held = manifest.files(dataset, period)
            if held and all(path.is_file() for path in held):
                continue
            data = files.read(one.name)
            folder = manifest.folder / dataset / f"{'year' if dataset in reports.BY_YEAR else 'month'}={period}"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{sha256(data).hexdigest()[:32]}.parquet"
            aside(path).write_bytes(data)
            settle(aside(path), path)
            place, rows = str(path.relative_to(manifest.folder)), pq.read_metadata(path).num_rows
            manifest.set_period(dataset, period, [Copy(dataset, period, place, rows, now.astimezone(UTC).isoformat())])


def months_kept(home: Home, year: int) -> set[str]:
    """The months of a year whose counts the archive has."""
    found = (one.name.rpartition("/")[2] for one in home.archive_files.listed(f"year={year:04}/monthly_counts/"))
    return {name.removesuffix(".parquet") for name in found}


def _name(year: int, dataset: str, period: str) -> str:
    return f"year={year:04}/{dataset}/{period}.parquet"
