"""The body of an answer, inflated piece by piece: httpx would inflate each chunk at once, a thousandfold if need be."""

import zlib
from collections.abc import AsyncIterator, Iterator

import httpx

from assets.channels.protocol import Reason

_PIECE = 64 * 1024


class FetchFailedError(Exception):
    """An attempt that brought nothing; `transient` where another may, not sooner than in `after` seconds."""

    def __init__(
        self, zh: str, en: str, *, transient: bool = False, after: float = 0.0, unreachable: bool = False
    ) -> None:
        self.reason = Reason(zh, en)
        self.transient = transient
        self.after = after
        self.unreachable = unreachable
        super().__init__(en)


async def decoded(response: httpx.Response) -> AsyncIterator[bytes]:
    """Give the body in pieces of bounded size, however far it was compressed."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip"}:
        raise FetchFailedError("不支援的壓縮方式", f"Content-Encoding {coding[:40]!r} was not asked for")
    if coding == "identity":
        async for piece in response.aiter_raw():
            yield piece
        return
    inflate = _Gunzip()
    try:
        async for chunk in response.aiter_raw():
            for piece in inflate.feed(chunk):
                yield piece
    except zlib.error as error:
        raise FetchFailedError("gzip 內容毀損", "the gzip data is damaged", transient=True) from error
    if not inflate.whole:
        raise FetchFailedError("回應不完整", "the gzip data is cut short", transient=True)


class _Gunzip:
    """Inflates piece by piece; a body may be several gzip members one after another."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    @property
    def whole(self) -> bool:
        """Whether the last member came to its end."""
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the data inflates to, at most 64 KB at a time."""
        piece = b""
        while data or len(piece) == _PIECE:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            piece = self._member.decompress(data, _PIECE)
            if piece:
                yield piece
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
