"""What of retired years nothing can make again: their archived reports, and the records that outlive their documents.

Such years have no documents any more (`warehouse/retention`), so a backup carries these files themselves, and a restore
puts them where a rebuild leaves them alone.
"""

import shutil
from pathlib import Path

from warehouse.backup.destination import Destination
from warehouse.backup.manifest import KEPT, Manifest
from warehouse.home import Home
from warehouse.ledger.retirements import Gone, retired_years

_ARCHIVE, _STORE = f"{KEPT}archive/", f"{KEPT}store/"


class KeptNeedAFolder(RuntimeError):  # noqa: N818 — says what happened
    """Records of retired years lie in files, and the home to restore into has its store on an object store."""

    def __init__(self) -> None:
        super().__init__(
            "備份含已無原始檔之年度的明細檔，僅能還原至資料夾（不設 objects_url） the backup holds records of years "
            "without documents: restore into a home whose store is a folder"
        )


def copy_kept(home: Home, gone: Gone, folder: Path) -> None:
    """Copy them into a backup's folder; on an object store a year goes as a whole, and only its reports are left."""
    for year in sorted(retired_years(gone)):
        for one in home.archive_files.listed(f"year={year:04}/"):
            target = folder / _ARCHIVE / one.name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.write_bytes(home.archive_files.read(one.name))
        if home.objects is None:
            for path in home.store.glob(f"*/month={year:04}-*/*/*.parquet"):
                target = folder / _STORE / path.relative_to(home.store)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def restore_kept(destination: Destination, manifest: Manifest, home: Home) -> None:
    """Put them where they were; safe to do again.  Raises `KeptNeedAFolder`."""
    folder = destination.folder(manifest.name)
    if home.objects is not None and any(name.startswith(_STORE) for name in manifest.files):
        raise KeptNeedAFolder
    names = []
    for name in manifest.files:
        if name.startswith(_ARCHIVE):
            names.append(name.removeprefix(_ARCHIVE))
            home.archive_files.put(names[-1], (folder / name).read_bytes())
        elif name.startswith(_STORE):
            target = home.store / name.removeprefix(_STORE)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target)
    home.archive_files.flush(names)
