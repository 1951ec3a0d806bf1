"""From places in the bytes of a document to lines and columns."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

from checks.format.tokens import UTF8_BOM

K = TypeVar("K", bound=Hashable)

_CHUNK = 1 << 20
#: Bytes 0x80–0xBF only continue a character, so that one byte is left for each; as signed numbers they are below this.
_FIRST_OF_CHARACTER = -64


class Positions:
    """Lines and columns, 1-based, columns in characters, of places asked for in ascending order.

    Each byte is looked at once however many places are asked for.  A byte order mark is no character.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bytes = np.frombuffer(data, dtype=np.int8)
        self._at = len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0
        self._line = 1
        self._column = 1

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column of the byte at `offset`, which must not lie before the one asked for last."""
        if self._data.find(b"\n", self._at, offset) >= 0:
            self._line += self._data.count(b"\n", self._at, offset)
            self._column = 1
            self._at = self._data.rfind(b"\n", self._at, offset) + 1
        for start in range(self._at, offset, _CHUNK):
            part = self._bytes[start : min(start + _CHUNK, offset)]
            self._column += int(np.count_nonzero(part >= _FIRST_OF_CHARACTER))
        self._at = max(self._at, offset)
        return self._line, self._column

    def of_each(self, offsets: Mapping[K, int]) -> dict[K, tuple[int, int]]:
        """Give line and column under the key of each offset, which may stand in any order."""
        return {key: self.of(offset) for key, offset in sorted(offsets.items(), key=lambda item: item[1])}
