"""What a version of the format is: its tree, its columns for the fast reader, and how they become the model."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from checks.format.schema import Known, Node, document, json_schema
from checks.model.submitted import SUBMITTED

_ARROW = {"string": pa.string(), "number": pa.float64(), "integer": pa.float64(), "boolean": pa.bool_()}


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the format.

    `document` is the root of the tree of what may stand where; `datasets` its arrays of records by name, each with its
    record as `items`; `arrow` a document as one row for Arrow's JSON reader: texts, and a list of structs a dataset.
    """

    name: str
    document: Node
    datasets: Mapping[str, Node]
    arrow: pa.Schema

    @classmethod
    def knowing(
        cls, name: str, supported: tuple[str, ...], later: Collection[str], without: Mapping[str, Collection[str]]
    ) -> "Version":
        """The version that knows all of the model but what is of `later` versions, see `Known`.

        `supported` are the names of all versions, which a document that names none of them is told.
        """
        root = document(supported, Known(later, without))
        datasets = {child.name: child for child in root.properties if child.items}
        return cls(name, root, datasets, _arrow(datasets))

    def as_model(self, dataset: str, records: pl.DataFrame) -> pl.DataFrame:
        """Records as the model has them: properties that the version does not know are null."""
        columns = SUBMITTED[dataset].to_schema().columns
        if len(records.columns) == len(columns):
            return records
        absent = [pl.lit(None, columns[name].dtype.type).alias(name) for name in columns if name not in records.columns]
        return records.with_columns(absent).select(*columns)

    def json_schema(self) -> dict[str, Any]:
        """The version as a JSON Schema (draft 2020-12)."""
        return json_schema(self.name, self.document)


def _arrow(datasets: Mapping[str, Node]) -> pa.Schema:
    text = pa.string()
    produced_by = pa.struct([("system", text), ("version", text)])
    headers = [("format_version", text), ("agency_code", text), ("month", text), ("produced_by", produced_by)]
    lists = [
        (name, pa.list_(pa.struct([(one.name, _ARROW[one.type]) for one in node.items.properties])))
        for name, node in datasets.items()
        if node.items
    ]
    return pa.schema([*headers, ("produced_at", text), *lists])
