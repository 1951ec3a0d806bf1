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
from typing import NamedTuple

import numpy as np
import pandera.errors
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from checks.format.schema import LATER_DATASETS, Node
from checks.format.versions import NEWEST, VERSIONS, Version, version_of
from checks.model.submitted import SUBMITTED

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
#: Bytes of JSON that one call of the parser takes: large enough to spread its cost, small enough that one bad
#: document sends only few others through the parser again.
_CHUNK_BYTES = 4 << 20


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
    parts = [part for found in workers.map(lambda chunk: _read_chunk(datas, *chunk), _chunks(datas)) for part in found]
    return _columns([_Part([documents[position] for position in one.documents], *one[1:]) for one in parts])


class _Part(NamedTuple):
    """Documents read together: their positions, and a row each in the table, by the version's schema."""

    documents: list[int]
    table: pa.Table
    version: Version


def _chunks(datas: Sequence[bytes]) -> list[tuple[list[int], Version]]:
    """Positions of documents to parse together: of one version, and about `_CHUNK_BYTES` in all."""
    chunks: list[tuple[list[int], Version]] = []
    filling: dict[str, tuple[list[int], int]] = {}
    for position, data in enumerate(datas):
        version = version_of(data)
        chunk, size = filling.get(version.name, ([], 0))
        if not chunk or size + len(data) > _CHUNK_BYTES:
            chunk, size = [], 0
            chunks.append((chunk, version))
        chunk.append(position)
        filling[version.name] = chunk, size + len(data)
    return chunks


def _columns(parts: Sequence[_Part]) -> Columns:
    read = [document for part in parts for document in part.documents]
    headers = [_headers(part.table) for part in parts] or [_headers(NEWEST.arrow.empty_table())]
    return Columns(read, pl.concat(headers), {name: _dataset(parts, name) for name in SUBMITTED})


def _read_chunk(datas: Sequence[bytes], chunk: list[int], version: Version) -> list[_Part]:
    """The chunk's readable documents, one row a document; one by one where together fails."""
    plain = {position: body for position in chunk if (body := _body(datas[position])) is not None}
    joined = [position for position, body in plain.items() if b"\n" not in body and b"\r" not in body]
    parts = []
    lines = b"\n".join(plain[position] for position in joined)
    table = _parse(lines, version, several_lines=False) if joined else None
    if table is not None and table.num_rows == len(joined):
        parts.append(_Part(joined, table, version))
        alone = [position for position in plain if position not in set(joined)]
    else:
        alone = list(plain)
    for position in alone:
        table = _parse(plain[position], version, several_lines=True)
        if table is not None and table.num_rows == 1:
            parts.append(_Part([position], table, version))
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


def _parse(data: bytes, version: Version, *, several_lines: bool) -> pa.Table | None:
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 64),
            parse_options=pj.ParseOptions(
                explicit_schema=version.arrow, unexpected_field_behavior="error", newlines_in_values=several_lines
            ),
        )
    except pa.ArrowInvalid:
        return None
    # Missing and null look alike in columns: neither is a header, or an array that must be there.
    if any(table[name].null_count for name in table.column_names if name not in LATER_DATASETS):
        return None
    # What it says of its version was found without reading; what is of another is read by the precise check.
    return table if pc.all(pc.equal(table["format_version"], version.name)).as_py() else None


def plain_columns(data: bytes, document: int, version: Version) -> Columns:
    """One document that the scanner found no fault in but Arrow would not take (a number written `8e0`, say)."""
    table = pa.Table.from_pylist([json.loads(data.removeprefix(_BOM))], schema=version.arrow)
    return _columns([_Part([document], table, version)])


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


def _dataset(parts: Sequence[_Part], dataset: str) -> pl.DataFrame:
    """All records of a dataset in one frame, as the model has them: versions differ in columns."""
    empty = pl.DataFrame(schema={"document": pl.UInt32, "index": pl.UInt32})
    no_records = NEWEST.as_model(dataset, pl.DataFrame(pl.from_arrow(_record_type(NEWEST, dataset).empty_table())))
    frames = [empty.hstack(no_records)]
    for version in VERSIONS.values():
        of_version = [part for part in parts if part.version is version]
        if of_version and dataset in version.datasets:
            frames.append(_records(of_version, dataset, version))
    return pl.concat(frames[1:] or frames)


def _record_type(version: Version, dataset: str) -> pa.Schema:
    return pa.schema(list(version.arrow.field(dataset).type.value_type))


def _records(parts: Sequence[_Part], dataset: str, version: Version) -> pl.DataFrame:
    """The records of parts of one version; the element that is no object has null in every column."""
    batches, owners, places = [], [], []
    for part in parts:
        row = 0
        for lists in part.table[dataset].chunks:
            lengths = np.diff(lists.offsets.to_numpy())
            ends = np.cumsum(lengths)
            owners.append(np.repeat(np.array(part.documents[row : row + len(lengths)], dtype=np.uint32), lengths))
            places.append(
                np.arange(lengths.sum(), dtype=np.uint32) - np.repeat(ends - lengths, lengths).astype(np.uint32)
            )
            row += len(lengths)
            values = lists.flatten()
            batches.append(pa.RecordBatch.from_arrays(values.flatten(), [field.name for field in values.type]))
    table = pa.Table.from_batches(batches, schema=_record_type(version, dataset))
    records = version.as_model(dataset, pl.DataFrame(pl.from_arrow(table, rechunk=True)))
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


_HEADER_NODES = _headers_nodes(NEWEST.document)


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
