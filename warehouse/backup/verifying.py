"""Whether a backup could be restored today: its files by hash, its documents opened and hashed, its keys at hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow.parquet as pq

from warehouse.backup.destination import Destination
from warehouse.backup.manifest import DOCUMENTS, BackupDamaged, Manifest, fault_of
from warehouse.diagnosis import Advance
from warehouse.landing import Landing, LandingDamaged, NotLanded, name_of
from warehouse.sealed import HEADER, Keyring, SealBroken, UnknownKey, key_of

_BATCH = 2_000


def verify(destination: Destination, manifest: Manifest, ring: Keyring | None, advance: Advance) -> list[str]:
    """What is wrong with a backup, a line each; empty: it can be restored with the keys of `ring`."""
    folder = destination.folder(manifest.name)
    faults = [fault for name, said in manifest.files.items() if (fault := fault_of(folder, name, said))]
    if any(fault.startswith(DOCUMENTS) for fault in faults):
        return faults
    landing = destination.landing(ring)
    with ThreadPoolExecutor(landing.files.writers) as readers:
        for batch in batches(destination, manifest):
            faults += [
                fault for fault in readers.map(partial(_fault, landing, advance), *zip(*batch, strict=True)) if fault
            ]
    return faults


def batches(destination: Destination, manifest: Manifest) -> Iterator[list[tuple[str, int]]]:
    """The ids and sizes of a backup's documents, some thousand at a time, never none."""
    with pq.ParquetFile(destination.folder(manifest.name) / DOCUMENTS) as file:
        for batch in file.iter_batches(_BATCH):
            if batch.num_rows:
                yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def refuse_damaged(destination: Destination, manifest: Manifest) -> None:
    """Raise `BackupDamaged` where a file of the backup, its documents aside, is not what was written."""
    folder = destination.folder(manifest.name)
    faults = [fault for name, said in manifest.files.items() if (fault := fault_of(folder, name, said))]
    if faults:
        raise damaged(destination, manifest, faults)


def damaged(destination: Destination, manifest: Manifest, faults: list[str]) -> BackupDamaged:
    """The error that names the first of these."""
    more = f" …共 {len(faults):,} 處 in all" if len(faults) > 1 else ""
    said = f"備份毀損，請改用另一份備份 the backup is damaged, use another: {faults[0]}{more}"
    return BackupDamaged(0, said, str(destination.root / manifest.name))


def keys_needed(destination: Destination, manifest: Manifest) -> set[str]:
    """The ids of the keys that the backup is sealed under now: documents are put under newer ones by later backups."""
    landing = destination.landing(None)
    folder = destination.folder(manifest.name)
    found = set()
    for name in manifest.own().values():
        with (folder / name).open("rb") as file:
            found.add(key_of(file.read(HEADER)))
    with ThreadPoolExecutor(landing.files.writers) as readers:
        for batch in batches(destination, manifest):
            found.update(readers.map(partial(_key_of, landing), (id_ for id_, _ in batch)))
    return {key for key in found if key is not None}


def _key_of(landing: Landing, id_: str) -> str | None:
    try:
        return key_of(landing.files.beginning(name_of(id_), HEADER)[0])
    except (FileNotFoundError, SealBroken):
        return None  # the copying names it


def _fault(landing: Landing, advance: Advance, id_: str, size: int) -> str | None:
    try:
        if (found := landing.size(id_)) != size:
            return f"{landing.where(id_)}: {found:,} bytes ≠ {size:,}"
        landing.verify(id_)
    except NotLanded:
        return f"{landing.where(id_)}: 不存在 missing"
    except LandingDamaged as error:
        return f"{landing.where(id_)}: 毀損 damaged ({error.detail})"
    except UnknownKey as error:
        return f"{landing.where(id_)}: 密鑰 {error.key_id} 不在手邊 its key is not at hand (--keys)"
    except (OSError, SealBroken) as error:
        return f"{landing.where(id_)}: 無法讀取 unreadable ({error})"
    finally:
        advance()
    return None
