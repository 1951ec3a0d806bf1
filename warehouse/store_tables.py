"""From a checked batch to the bytes of its Parquet files: Arrow columns once a batch, a slice and its file for each.

A file's bytes depend on its submission and the person key alone, never on the batch that it was checked in.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from checks.model.finding_keys import finding_keys
from checks.model.stored import STORED, Findings

#: Columns that are the same for the whole file.
_CONSTANT = ("agency_code", "month", "submission_id")
_OF_FINDINGS = tuple(Findings.to_schema().columns)
#: Numbers that mostly rise from row to row: their differences take a third of the room, and no dictionary.
_RISING = "DELTA_BINARY_PACKED"

Names = tuple[str, str, str]  # agency code, month, submission id


class RecordsOutOfOrder(RuntimeError):  # noqa: N818 — says what happened
    """A batch's records do not stand by document: cut up, they would become another agency's; a fault of ours."""

    def __init__(self, dataset: str) -> None:
        self.dataset = dataset
        super().__init__(f"the {dataset} of a batch do not stand by document; nothing was stored")

    def __reduce__(self) -> tuple[type["RecordsOutOfOrder"], tuple[str]]:
        return type(self), (self.dataset,)


def person_keys(person_ids: Iterable[str], key: bytes) -> pa.Array:
    """HMAC-SHA256 of each national ID under `key`, in hexadecimal: the only form in which a person is stored."""
    return pa.array([hmac.digest(key, person_id.encode(), "sha256").hex() for person_id in person_ids], pa.string())


def encoded(table: pa.Table) -> memoryview:
    """The table as the bytes of a Parquet file."""
    rising, others = _encodings(table.schema)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="snappy",
        use_dictionary=others,
        column_encoding=rising,
        store_schema=False,
        write_statistics=False,
    )
    return memoryview(sink.getvalue())


@cache
def _encodings(schema: pa.Schema) -> tuple[Mapping[str, str], Sequence[str]]:
    rising = {one.name: _RISING for one in schema if pa.types.is_timestamp(one.type) or one.type == pa.uint32()}
    return rising, [name for name in schema.names if name not in rising]


@dataclass(frozen=True)
class Owners:
    """The persons of a batch: the document and the key of each, and how many documents there are at most."""

    document: np.ndarray
    keys: pa.Array = field(repr=False)
    documents: int


class Dataset:
    """One dataset of a batch as Arrow columns, from which each submission's file is a slice."""

    def __init__(self, name: str, frame: pl.DataFrame, owners: Owners) -> None:
        """Raises `pandera.errors.SchemaErrors` and `RecordsOutOfOrder`."""
        self.name = name
        self._owners = owners
        schema = STORED[name].to_schema()
        ours = [column for column in schema.columns if column not in {*_CONSTANT, "person_key"}]
        schema.remove_columns([*_CONSTANT, "person_key"]).validate(frame.select(ours), lazy=True)
        if not frame["document"].is_sorted():
            raise RecordsOutOfOrder(name)
        self._names = list(schema.columns)
        self._columns = {column: _arrow(frame[column]) for column in ours}
        self._persons = frame["person"].to_numpy()
        self._zeros = pa.array(np.zeros(frame.height, dtype=np.int32))
        ends = np.cumsum(np.bincount(frame["document"].to_numpy(), minlength=owners.documents))
        self._bounds = [0, *ends.tolist()]

    def table(self, document: int, names: Names) -> pa.Table:
        """The rows of one document, in the model's columns."""
        first, end = self._bounds[document : document + 2]
        rows = end - first
        columns = {name: column.slice(first, rows) for name, column in self._columns.items()}
        columns["person_key"] = self._person_key(first, end, document)
        zeros = self._zeros.slice(first, rows)
        for name, value in zip(_CONSTANT, names, strict=True):
            columns[name] = pa.DictionaryArray.from_arrays(zeros, pa.array([value], pa.string()), safe=False)
        return pa.Table.from_arrays([columns[name] for name in self._names], names=self._names)

    def _person_key(self, first: int, end: int, document: int) -> pa.Array:
        """Dictionary-encoded with this document's persons only; employees stand together in the batch.

        Arrow 26 writes uninitialised memory into the file where a dictionary holds a value twice, and that memory may
        hold national IDs: so never a stretch of the batch in which a person of another document may stand again.
        """
        persons = self._persons[first:end]
        if not len(persons):
            return pa.array([], pa.string())
        keys = self._owners.keys
        lowest, highest = int(persons.min()), int(persons.max())
        if (self._owners.document[lowest : highest + 1] == document).all():
            own = keys.slice(lowest, highest - lowest + 1)
            return pa.DictionaryArray.from_arrays(pa.array((persons - lowest).astype(np.int32)), own)
        numbers, places = np.unique(persons, return_inverse=True)
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), keys.take(pa.array(numbers)))


def findings_table(findings: Sequence[tuple[Names, pl.DataFrame]], keys: pa.Array) -> pa.Table:
    """The findings of submissions, one after another; `keys` are the batch's person keys."""
    table = pl.concat([frame for _, frame in findings])
    rows = [frame.height for _, frame in findings]
    for number, name in enumerate(_CONSTANT):
        values = pl.Series(name, [names[number] for names, _ in findings], dtype=pl.String)
        table = table.with_columns(values.repeat_by(pl.Series(rows)).explode(empty_as_null=False))
    person_key = keys.take(pa.array(table["person"].to_list(), pa.uint32()))
    table = table.with_columns(person_key=pl.Series(person_key, dtype=pl.String))
    return review_table(table.with_columns(finding_keys(table)))


def review_table(findings: pl.DataFrame) -> pa.Table:
    """Findings that have every column of `Findings`, as their file has them."""
    return pa.table({name: _arrow(findings[name]) for name in _OF_FINDINGS})


def _arrow(column: pl.Series) -> pa.Array:
    array = column.to_arrow()
    if pa.types.is_dictionary(array.type):
        return array.cast(pa.dictionary(pa.int32(), pa.string()))
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return pc.cast(array, pa.string())
    return array
