"""The Parquet store: one file for each dataset, agency-month and submission.

`<root>/<dataset>/month=2021-06/agency=376500000A/<submission id>.parquet`, written under a temporary name and
renamed.  A file belongs to its submission for ever, so entering a newer one never touches what an older one left;
which submission counts is the ledger's pointer.
"""

import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from checks.model.finding_keys import finding_keys
from checks.model.stored import STORED, Findings

#: Where the findings of a document lie that says neither agency nor month.
UNKNOWN = "unknown"
#: Where the findings of reviews lie, beside those of the documents' own checks.
REVIEWS = "reviews"
#: Tells which key the persons are under, without telling the key.
_MARK = ".person-key"
#: Columns that are the same for the whole file.
_CONSTANT = ("agency_code", "month", "submission_id")
_RECORDS = tuple(name for name in STORED if name != "findings")


@dataclass(frozen=True)
class Place:
    """The submission that a batch's document number `document` is."""

    document: int
    submission_id: str
    agency_code: str
    month: str


class PersonKeyDiffers(RuntimeError):  # noqa: N818 — says what happened
    """The store's persons are under another key: under two, a person of one month is not the person of the next."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} 的人員代號出自另一把密鑰，未寫入任何資料；請還原原密鑰，或以新密鑰重建（attendance rebuild）"
            " the persons in the store are under another person key, nothing was written: restore that key, or rebuild "
            "with this one"
        )


class RecordsOutOfOrder(RuntimeError):  # noqa: N818 — says what happened
    """A batch's records do not stand by document: cut up, they would become another agency's; a fault of ours."""

    def __init__(self, dataset: str) -> None:
        super().__init__(f"the {dataset} of a batch do not stand by document; nothing was stored")


def file_of(root: Path, dataset: str, agency_code: str, month: str, submission_id: str) -> Path:
    """Where a submission's file of a dataset lies (whether or not it exists)."""
    return (
        root / dataset / f"month={month or UNKNOWN}" / f"agency={agency_code or UNKNOWN}" / f"{submission_id}.parquet"
    )


def person_keys(person_ids: Iterable[str], key: bytes) -> pa.Array:
    """HMAC-SHA256 of each national ID under `key`, in hexadecimal: the only form in which a person is stored."""
    return pa.array([hmac.digest(key, person_id.encode(), "sha256").hex() for person_id in person_ids], pa.string())


class Store:
    """Writes batches of checked submissions.  Any number of processes may write at once."""

    def __init__(self, root: Path, person_key: bytes) -> None:
        """Raises `PersonKeyDiffers` where the store's persons are under another key."""
        _mark(root, person_key)
        self._root = root
        self._person_key = person_key
        #: Tells this writer's temporary files from those of others, on this machine or another.
        self._writer = uuid4().hex
        self._folders: set[Path] = set()

    def write(
        self, entered: Mapping[str, pl.DataFrame], places: Sequence[Place], findings: Mapping[int, pl.DataFrame]
    ) -> None:
        """Write the files of a batch; they are on the disk when this returns.

        `entered` is what `checks.bulk.check_documents` let in: a frame a dataset, sorted by `document`, with `person`
        in place of the person key, and under `"persons"` the `document` and national ID of each.  `places` are the
        documents entered; `findings` holds a frame for each document number that has some.  Raises
        `pandera.errors.SchemaErrors` where records do not fit their model and `RecordsOutOfOrder`, which are faults of
        ours, and OSError where the disk does not take them.
        """
        keys = person_keys(entered["persons"]["person_id"], self._person_key)
        numbers = {place.document: place for place in places}
        documents = max(numbers, default=-1) + 1
        owners = entered["persons"]["document"].to_numpy()
        batches = [_Dataset(name, entered[name], keys, owners, documents) for name in _RECORDS]
        for place in places:
            for batch in batches:
                self._write(batch.table(place), file_of(self._root, batch.name, *_at(place)))
        for document, frame in findings.items():
            self.write_findings(frame, numbers[document], keys)
        # One flush for the whole batch: files, renames and new folders.
        self.flush()

    def write_findings(self, findings: pl.DataFrame, place: Place, keys: pa.Array | None = None) -> None:
        """Write the findings of one submission; `keys` are the batch's person keys, not needed where it was refused."""
        self._write(_findings_table(findings, place, keys), self._findings_file(place))

    def write_review(self, findings: pl.DataFrame, place: Place) -> None:
        """Write what a review found, in the columns of `Findings`, in place of the one before; none: no file."""
        path = file_of(self._root, REVIEWS, *_at(place))
        if findings.is_empty():
            path.unlink(missing_ok=True)
        else:
            columns = Findings.to_schema().columns
            Findings.validate(findings)
            self._write(pa.table({name: _arrow(findings[name]) for name in columns}), path)

    def flush(self) -> None:
        """Have everything that was written on the disk."""
        os.sync()

    def _findings_file(self, place: Place) -> Path:
        return file_of(self._root, "findings", *_at(place))

    def _write(self, table: pa.Table, path: Path) -> None:
        temporary = path.with_name(f".{path.stem}.{self._writer}.part")
        try:
            if path.parent not in self._folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(path.parent)
            # A path, not an open file: Arrow then writes without coming back to Python for every page.
            pq.write_table(table, str(temporary), compression="snappy", store_schema=False, write_statistics=False)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _mark(root: Path, person_key: bytes) -> None:
    fingerprint = hmac.digest(person_key, b"fingerprint of a person key", "sha256").hex()[:32]
    root.mkdir(mode=0o750, parents=True, exist_ok=True)
    mark = root / _MARK
    if not mark.exists():
        temporary = root / f"{_MARK}.{uuid4().hex}"
        temporary.write_text(fingerprint, encoding="ascii")
        with suppress(FileExistsError):  # of two at once, the first
            os.link(temporary, mark)
        temporary.unlink()
    if mark.read_text(encoding="ascii") != fingerprint:
        raise PersonKeyDiffers(root)


def _at(place: Place) -> tuple[str, str, str]:
    return place.agency_code, place.month, place.submission_id


class _Dataset:
    """One dataset of a batch as Arrow columns, from which each submission's file is a slice."""

    def __init__(self, name: str, frame: pl.DataFrame, keys: pa.Array, owners: np.ndarray, documents: int) -> None:
        self.name = name
        self._owners = owners
        self._schema = STORED[name].to_schema()
        ours = [column for column in self._schema.columns if column not in {*_CONSTANT, "person_key"}]
        own = self._schema.remove_columns([*_CONSTANT, "person_key"])
        own.validate(frame.select(ours), lazy=True)
        if not frame["document"].is_sorted():
            raise RecordsOutOfOrder(name)
        self._columns = {column: _arrow(frame[column]) for column in ours}
        self._persons = frame["person"].to_numpy()
        self._keys = keys
        ends = np.cumsum(np.bincount(frame["document"].to_numpy(), minlength=documents))
        self._bounds = np.concatenate([[0], ends]).tolist()

    def table(self, place: Place) -> pa.Table:
        """The rows of one document, in the model's columns."""
        first, end = self._bounds[place.document : place.document + 2]
        rows = end - first
        columns: dict[str, Any] = {
            "agency_code": _constant(place.agency_code, rows),
            "month": _constant(place.month, rows),
            "submission_id": _constant(place.submission_id, rows),
            "person_key": self._person_key(first, end, place.document),
            **{name: column.slice(first, rows) for name, column in self._columns.items()},
        }
        return pa.table({name: columns[name] for name in self._schema.columns})

    def _person_key(self, first: int, end: int, document: int) -> pa.Array:
        """Dictionary-encoded with this document's persons only; employees stand together in the batch.

        Arrow 26 writes uninitialised memory into the file where a dictionary holds a value twice, and that memory may
        hold national IDs: so never a stretch of the batch in which a person of another document may stand again.
        """
        persons = self._persons[first:end]
        if not len(persons):
            return pa.array([], pa.string())
        lowest, highest = int(persons.min()), int(persons.max())
        if (self._owners[lowest : highest + 1] == document).all():
            own = self._keys.slice(lowest, highest - lowest + 1)
            return pa.DictionaryArray.from_arrays(pa.array((persons - lowest).astype(np.int32)), own)
        numbers, places = np.unique(persons, return_inverse=True)
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), self._keys.take(pa.array(numbers)))


def _constant(value: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int32), pa.array([value], pa.string()))


def _arrow(column: pl.Series) -> pa.Array:
    array = column.to_arrow()
    if pa.types.is_dictionary(array.type):
        return array.cast(pa.dictionary(pa.int32(), pa.string()))
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return pc.cast(array, pa.string())
    return array


def _findings_table(findings: pl.DataFrame, place: Place, keys: pa.Array | None) -> pa.Table:
    columns = Findings.to_schema().columns
    persons = pa.array(findings["person"].to_list(), pa.uint32())
    person_key = pa.nulls(len(persons), pa.string()) if keys is None else keys.take(persons)
    table = findings.with_columns(
        agency_code=pl.lit(place.agency_code),
        month=pl.lit(place.month),
        submission_id=pl.lit(place.submission_id),
        person_key=pl.Series(person_key, dtype=pl.String),
    )
    table = table.with_columns(finding_keys(table)).select(*columns)
    return pa.table({name: _arrow(table[name]) for name in columns})
