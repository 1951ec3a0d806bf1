"""The good path of the format check: many documents at once, straight into columns.

Arrow's JSON reader (RapidJSON, strict) takes a whole batch under an explicit schema and refuses syntax faults,
unknown and doubled properties and wrong types; Pandera then checks every value.  Whatever does not pass is only
*set aside* here: the scanner says what is wrong with it, and where.  So this path may be too strict but never too
lenient.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandera.errors
import polars as pl
import pyarrow as pa
import pyarrow.json as pj

from checks.format.schema import DOCUMENT, Node
from checks.model.submitted import SUBMITTED

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
#: Bytes of JSON that one call of the parser takes: large enough to spread its cost, small enough that one bad
#: document sends only few others through the parser again.
_CHUNK_BYTES = 4 << 20


def _arrow_type(dtype: Any) -> pa.DataType:
    return {"Float64": pa.float64(), "Boolean": pa.bool_()}.get(str(dtype), pa.string())


def _document_schema() -> pa.Schema:
    text = pa.string()
    datasets = [
        (
            name,
            pa.list_(
                pa.struct([(column.name, _arrow_type(column.dtype)) for column in model.to_schema().columns.values()])
            ),
        )
        for name, model in SUBMITTED.items()
    ]
    produced_by = pa.struct([("system", text), ("version", text)])
    return pa.schema(
        [
            ("format_version", text),
            ("agency_code", text),
            ("month", text),
            ("produced_by", produced_by),
            ("produced_at", text),
            *datasets,
        ]
    )


_SCHEMA = _document_schema()


@dataclass(frozen=True)
class Columns:
    """Documents as columns.

    `documents` holds their positions in the batch, in the order of reading; `headers` one row each
    (`format_version`, `agency_code`, `month`, `system`, `version`, `produced_at`); `frames[dataset]` their records in
    that order, with `document` (position in the batch, UInt32) and `index` (position in the array, UInt32) before the
    submitted columns.
    """

    documents: list[int]
    headers: pl.DataFrame
    frames: dict[str, pl.DataFrame]


def read_columns(datas: Sequence[bytes], documents: Sequence[int], workers: ThreadPoolExecutor) -> Columns:
    """Read what can be read of `datas`; documents that are missing from the answer were set aside."""
    chunks: list[list[int]] = [[]]
    size = 0
    for position, data in enumerate(datas):
        if size + len(data) > _CHUNK_BYTES and chunks[-1]:
            chunks.append([])
            size = 0
        chunks[-1].append(position)
        size += len(data)
    parts = [part for found in workers.map(lambda chunk: _read_chunk(datas, chunk), chunks) for part in found]
    read = [documents[position] for positions, _ in parts for position in positions]
    if not parts:
        return Columns([], _headers(_SCHEMA.empty_table()), {name: _records([], [], name) for name in SUBMITTED})
    headers = pl.concat([_headers(table) for _, table in parts])
    originals = [[documents[position] for position in positions] for positions, _ in parts]
    tables = [table for _, table in parts]
    return Columns(read, headers, {name: _records(originals, tables, name) for name in SUBMITTED})


def _read_chunk(datas: Sequence[bytes], chunk: list[int]) -> list[tuple[list[int], pa.Table]]:
    """The chunk's readable documents with their table, one row a document; one by one where together fails."""
    plain = {position: body for position in chunk if (body := _body(datas[position])) is not None}
    joined = [position for position, body in plain.items() if b"\n" not in body and b"\r" not in body]
    parts = []
    table = _parse(b"\n".join(plain[position] for position in joined), several_lines=False) if joined else None
    if table is not None and table.num_rows == len(joined):
        parts.append((joined, table))
        alone = [position for position in plain if position not in set(joined)]
    else:
        alone = list(plain)
    for position in alone:
        table = _parse(plain[position], several_lines=True)
        if table is not None and table.num_rows == 1:
            parts.append(([position], table))
    return parts


def _body(data: bytes) -> bytes | None:
    """The document without BOM and outer white space; None where it cannot be one JSON object in UTF-8."""
    body = data.removeprefix(_BOM).strip(_SPACE)
    if not (body.startswith(b"{") and body.endswith(b"}")):
        return None
    return body if body.isascii() or _is_utf8(body) else None


def _is_utf8(data: bytes) -> bool:
    """Ten times as fast as decoding, and as strict."""
    ends = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _parse(data: bytes, *, several_lines: bool) -> pa.Table | None:
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 64),
            parse_options=pj.ParseOptions(
                explicit_schema=_SCHEMA, unexpected_field_behavior="error", newlines_in_values=several_lines
            ),
        )
    except pa.ArrowInvalid:
        return None
    # Missing and null look alike in columns: neither is a header or an array.
    return None if any(column.null_count for column in table.columns) else table


def plain_columns(data: bytes, document: int) -> Columns:
    """One document that the scanner found no fault in but Arrow would not take (a number written `8e0`, say)."""
    table = pa.Table.from_pylist([json.loads(data.removeprefix(_BOM))], schema=_SCHEMA)
    return Columns([document], _headers(table), {name: _records([[document]], [table], name) for name in SUBMITTED})


def _headers(table: pa.Table) -> pl.DataFrame:
    produced_by = table["produced_by"].combine_chunks()
    return pl.DataFrame(
        {
            "format_version": pl.Series(table["format_version"].to_pylist(), dtype=pl.String),
            "agency_code": pl.Series(table["agency_code"].to_pylist(), dtype=pl.String),
            "month": pl.Series(table["month"].to_pylist(), dtype=pl.String),
            "system": pl.Series([row["system"] for row in produced_by.to_pylist()], dtype=pl.String),
            "version": pl.Series([row["version"] for row in produced_by.to_pylist()], dtype=pl.String),
            "produced_at": pl.Series(table["produced_at"].to_pylist(), dtype=pl.String),
        }
    )


def _records(documents: list[list[int]], tables: list[pa.Table], dataset: str) -> pl.DataFrame:
    """All records of a dataset in one frame; the element that is no object has null in every column."""
    batches, owners, places = [], [], []
    for originals, table in zip(documents, tables, strict=True):
        row = 0
        for lists in table[dataset].chunks:
            lengths = np.diff(lists.offsets.to_numpy())
            ends = np.cumsum(lengths)
            owners.append(np.repeat(np.array(originals[row : row + len(lengths)], dtype=np.uint32), lengths))
            places.append(
                np.arange(lengths.sum(), dtype=np.uint32) - np.repeat(ends - lengths, lengths).astype(np.uint32)
            )
            row += len(lengths)
            values = lists.flatten()
            batches.append(pa.RecordBatch.from_arrays(values.flatten(), [field.name for field in values.type]))
    schema = pa.schema(list(_SCHEMA.field(dataset).type.value_type))
    records = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(batches, schema=schema), rechunk=True))
    owner = pl.Series("document", np.concatenate(owners) if owners else [], dtype=pl.UInt32)
    place = pl.Series("index", np.concatenate(places) if places else [], dtype=pl.UInt32)
    return records.insert_column(0, owner).insert_column(1, place)


def faulty_documents(frames: dict[str, pl.DataFrame]) -> set[int]:
    """Documents with a value that the dataset's Pandera model refuses."""
    faulty: set[int] = set()
    for name, model in SUBMITTED.items():
        frame = frames[name]
        try:
            model.validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as errors:
            rows = errors.failure_cases["index"].drop_nulls().cast(pl.UInt32)
            faulty.update(frame["document"].gather(rows).unique())
    return faulty


def _headers_nodes(node: Node) -> dict[str, Node]:
    """The document's texts that are no dataset, by name."""
    found: dict[str, Node] = {}
    for one in node.properties:
        found |= {one.name: one} if one.type == "string" else _headers_nodes(one)
    return found


_HEADER_NODES = _headers_nodes(DOCUMENT)


def header_fits(header: dict[str, str | None]) -> bool:
    """Whether all of a document's header values are allowed."""
    return all(_fits(node, header[name]) for name, node in _HEADER_NODES.items())


def _fits(node: Node, text: str | None) -> bool:
    if text is None:
        return False
    if node.choices:
        return text in node.choices
    if node.form is not None:
        return node.form.fits(text) and node.form.holds(text)
    return (node.shortest or 0) <= len(text) <= (node.longest or len(text))
