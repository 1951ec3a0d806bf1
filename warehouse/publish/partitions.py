"""Which partition files of the store make up a month of a table: the ledger says."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb

from warehouse.store import RECORDS, REVIEWS, SPARSE, file_of

#: Table of the warehouse → dataset of the store, where several tables show the same one.
FINDINGS = {"findings": "findings", "findings_history": "findings"}

#: Folders of the store with findings: of the documents' own checks, and of the reviews across them.
_OF_FINDINGS = ("findings", REVIEWS)

#: Tables that are reading copies of partition files.
DETAILS = (*RECORDS, *FINDINGS)

#: A month of so many submissions is copied in parts, so that one agency's late one has only its part written anew.
SHARDED_FROM = 1_000
SHARDS = 4

_COUNTED = "SELECT agency_code, id FROM ledger.counted WHERE month = ? ORDER BY agency_code"
_STANDING = """
    SELECT agency_code, id FROM ledger.counted WHERE month = $month
    UNION SELECT agency_code, id FROM ledger.refused_since WHERE month = $month
    ORDER BY agency_code, id"""
_ALL = "SELECT agency_code, id FROM ledger.submissions WHERE month = ? ORDER BY agency_code, received_at, id"


class StoreIncomplete(RuntimeError):  # noqa: N818 — reads as what it is
    """The ledger counts a submission whose partition file is not in the store; see `attendance doctor`."""

    def __init__(self, path: Path, more: int) -> None:
        self.path, self.more = path, more
        super().__init__(
            f"資料檔不存在：{path}（另有 {more} 個），請執行 attendance doctor "
            f"the store lacks {path} (and {more} more); see attendance doctor"
        )


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition file, with what tells whether it has changed."""

    agency_code: str
    path: Path
    size: int
    modified: int


def shards(files: Sequence[Partition]) -> list[list[Partition]]:
    """Divide a month's files into the parts that it is copied in, each in order of agency; an agency keeps its part."""
    if len(files) < SHARDED_FROM:
        return [list(files)] if files else []
    parts: list[list[Partition]] = [[] for _ in range(SHARDS)]
    for file in files:
        parts[zlib.crc32(file.agency_code.encode()) % SHARDS].append(file)
    return [part for part in parts if part]


def partitions(connection: duckdb.DuckDBPyConnection, store: Path, table: str, month: str) -> list[Partition]:
    """List the files that `core.<table>` shows of a month, in order of agency.  Needs the staged ledger.

    Raises `StoreIncomplete` where a counted submission lacks a data file.
    """
    if table in SPARSE:
        rows = connection.execute(_COUNTED, [month]).fetchall()
        there = _listed(store / table / f"month={month}")
        some = [(agency, id_) for agency, id_ in rows if f"agency={agency}" in there]
        return _found(_partition(agency, file_of(store, table, agency, month, id_)) for agency, id_ in some)
    if table in RECORDS:
        rows = connection.execute(_COUNTED, [month]).fetchall()
        return _all_there([(agency, file_of(store, table, agency, month, id_)) for agency, id_ in rows])
    if table == "findings":
        rows = connection.execute(_STANDING, {"month": month}).fetchall()
    else:
        rows = connection.execute(_ALL, [month]).fetchall()
    # Findings files are only where there are findings: few are looked for in vain.
    listed = {dataset: _listed(store / dataset / f"month={month}") for dataset in _OF_FINDINGS}
    return _found(
        _partition(agency, file_of(store, dataset, agency, month, submission))
        for agency, submission in rows
        for dataset in _OF_FINDINGS
        if f"agency={agency}" in listed[dataset]
    )


def fingerprint(parts: Iterable[str]) -> str:
    """Return what names a copy after all that it was made of: 32 hexadecimal digits."""
    digest = sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:32]


def _found(partitions: Iterable[Partition | None]) -> list[Partition]:
    return [partition for partition in partitions if partition is not None]


def _all_there(wanted: list[tuple[str, Path]]) -> list[Partition]:
    found = [_partition(agency, path) for agency, path in wanted]
    missing = [path for (_, path), partition in zip(wanted, found, strict=True) if partition is None]
    if missing:
        raise StoreIncomplete(missing[0], len(missing) - 1)
    return _found(found)


def _listed(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()


def _partition(agency_code: str, path: Path) -> Partition | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return Partition(agency_code, path, status.st_size, status.st_mtime_ns)
