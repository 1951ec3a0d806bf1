"""Is it UTF-8, and if not, what does it look like."""

import codecs
import re

_CHUNK = 1 << 20
_PAIR = rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]"
#: By structure rather than by Python's codec, which does not know the characters that agencies made themselves (造字).
_ASCII_AND_PAIRS = re.compile(rb"(?:[\x00-\x7f]++|" + _PAIR + rb")*+")
#: The 5,401 frequently used characters; no Chinese text is without them.
_FREQUENT = re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]")


def first_fault(data: bytes) -> int | None:
    """Offset of the first byte that is not UTF-8, or None.  Nothing is kept of what is decoded."""
    if data.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _CHUNK):
        pending = len(decoder.getstate()[0])
        chunk = data[start : start + _CHUNK]
        try:
            decoder.decode(chunk, final=start + _CHUNK >= len(data))
        except UnicodeDecodeError as fault:
            return start - pending + fault.start
    return None


def looks_like(data: bytes) -> str:
    """Say what a document that is not UTF-8 looks like: `big5`, `utf16`, `bytes` (keys of `messages.REASONS`)."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf16"
    if _ASCII_AND_PAIRS.fullmatch(data) and _FREQUENT.search(data):
        return "big5"
    return "bytes"
