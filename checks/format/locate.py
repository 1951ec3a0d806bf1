"""Where the records and fields of a valid document stand: lines and columns for findings of the record rules."""

import re
from collections.abc import Collection, Iterator

from checks.format.positions import Positions
from checks.format.tokens import FIRST_KEY, NEXT_ELEMENT, NEXT_KEY, SCALAR, STRING_BODY, UTF8_BOM, skip_space, text_of

#: Dataset, 0-based index of the record, and its field; None for the record itself.
Target = tuple[str, int, str | None]

_STRING = rb'"' + STRING_BODY + rb'"'
#: In a valid document nothing is nested in a record, nor anything but records in an array.
_FLAT_OBJECT = re.compile(rb'\{[^"}]*+(?:' + _STRING + rb'[^"}]*+)*+\}')
_FLAT_ARRAY = re.compile(rb'\[[^"\]]*+(?:' + _STRING + rb'[^"\]]*+)*+\]')


def locate(data: bytes, targets: Collection[Target]) -> dict[Target, tuple[int, int]]:
    """Line and column (1-based, columns in characters) of records and values of a document that passed the check.

    A field that a record leaves out is where its record is; a target that the document does not have is left out.
    Arrays that nothing is asked of are skipped, and reading ends with the last target.
    """
    by_dataset: dict[str, dict[int, list[Target]]] = {}
    for target in set(targets):
        by_dataset.setdefault(target[0], {}).setdefault(target[1], []).append(target)
    offsets: dict[Target, int] = {}
    for name, start in _members(data, len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0):
        wanted = by_dataset.pop(name, None)
        if wanted:
            for index, record in _records(data, start, max(wanted)):
                for target in wanted.get(index, ()):
                    offsets[target] = _field(data, record, target[2])
        if not by_dataset:
            break
    return Positions(data).of_each(offsets)


def _members(data: bytes, offset: int) -> Iterator[tuple[str, int]]:
    """Name and offset of the value of each member of the object at `offset`."""
    opening = skip_space(data, offset) + 1
    key = FIRST_KEY.match(data, opening)
    while key:
        start = key.end()
        yield text_of(key[1]), start
        value = SCALAR.match(data, start) or _FLAT_ARRAY.match(data, start) or _FLAT_OBJECT.match(data, start)
        key = NEXT_KEY.match(data, value.end()) if value else None


def _records(data: bytes, array: int, last: int) -> Iterator[tuple[int, int]]:
    """Index and offset of each record of the array at `array`, up to index `last`."""
    offset = skip_space(data, array + 1)
    for index in range(last + 1):
        record = _FLAT_OBJECT.match(data, offset)
        if record is None:
            return
        yield index, offset
        comma = NEXT_ELEMENT.match(data, record.end())
        if comma is None:
            return
        offset = comma.end()


def _field(data: bytes, record: int, field: str | None) -> int:
    if field is None:
        return record
    return next((offset for name, offset in _members(data, record) if name == field), record)
