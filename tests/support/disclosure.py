"""Looking for people in files: every national ID and name given, in whatever file and encoding they might have got to.

Files are searched as bytes, in the encodings of this trade; databases and Parquet also value by value, since their
compression hides what they hold.
"""

import base64
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp950")
#: Fewer bytes than this stand in a few megabytes of ciphertext by chance (a name of two characters in UTF-16).
_TELLING = 6
#: Full-width forms of ASCII stand this much higher.
_FULL_WIDTH = 0xFEE0


class Disclosure(NamedTuple):
    """Somebody found where nobody may be: the place, and how it was written there (never who)."""

    place: str
    written: str


@dataclass(frozen=True)
class Wanted:
    """Who is looked for; `patterns` are (encoding, expression of all of them)."""

    patterns: list[tuple[str, re.Pattern[bytes]]] = field(repr=False)

    @classmethod
    def people(cls, ids: Collection[str], names: Collection[str]) -> "Wanted":
        """These IDs (plain, full-width, in lower case, as JSON escapes, in Base64) and these names."""
        wide = {"".join(chr(ord(character) + _FULL_WIDTH) for character in one) for one in ids}
        texts = {*ids, *wide, *(one.lower() for one in ids), *names}
        patterns = [(encoding, _any(_encoded(texts, encoding))) for encoding in _ENCODINGS]
        escaped = {one.encode("unicode_escape") for one in {*wide, *names}}
        patterns.append(("unicode escapes", _any(escaped)))
        return cls([*patterns, ("base64", _any(part for one in {*ids, *names} for part in _base64(one)))])

    def within(self, place: str, data: bytes) -> Iterator[Disclosure]:
        """Where they are in these bytes; at most one for each encoding."""
        return (Disclosure(place, written) for written, expression in self.patterns if expression.search(data))


def disclosures(wanted: Wanted, root: Path, leave_out: Collection[Path] = ()) -> Iterator[Disclosure]:
    """Where anybody is in the files below `root`, but for what lies in the folders left out."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(folder) for folder in leave_out):
            name = str(path.relative_to(root))
            yield from wanted.within(name, name.encode() + b"\n" + path.read_bytes())
            for part, data in _values(path):
                yield from wanted.within(f"{name} {part}", data)


def _values(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a database or Parquet file holds, uncompressed, by table."""
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PAR1"):
        yield "values", _text(pq.read_table(path, memory_map=False))
    elif head.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            yield "rows", "\n".join(database.iterdump()).encode()
    elif head[8:12] == b"DUCK":
        with duckdb.connect(str(path), read_only=True) as database:
            tables = database.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
            for schema, table in tables:
                yield f"{schema}.{table}", _text(database.sql(f'FROM "{schema}"."{table}"').to_arrow_table())


def _text(table: pa.Table) -> bytes:
    return "\n".join(str(value) for column in table.columns for value in set(column.to_pylist())).encode()


def _any(texts: Iterable[bytes]) -> re.Pattern[bytes]:
    """One expression for thousands of texts: branching byte by byte, so that it stays quick."""
    return re.compile(_branches(sorted(set(texts)), 0))


def _branches(texts: list[bytes], depth: int) -> bytes:
    if len(texts) == 1:
        return re.escape(texts[0][depth:])
    if len(texts[0]) == depth:  # what begins with a text that is looked for need not be looked for itself
        return b""
    by_byte = groupby(texts, key=itemgetter(depth))
    branches = [re.escape(bytes([byte])) + _branches(list(group), depth + 1) for byte, group in by_byte]
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"


def _encoded(texts: Iterable[str], encoding: str) -> Iterator[bytes]:
    for text in texts:
        try:
            encoded = text.encode(encoding)
        except UnicodeEncodeError:  # a name that Big5 does not have
            continue
        if len(encoded) >= _TELLING:
            yield encoded


def _base64(text: str) -> Iterator[bytes]:
    """The text's Base64 at each of the three alignments, without what neighbours have a part in."""
    data = text.encode()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data)
        first = -(-offset * 8 // 6)
        yield encoded[first : (offset + len(data)) * 8 // 6]
