"""Is it text in UTF-8, and if not, what does it look like: another encoding, or no text at all."""

import codecs
import re

_CHUNK = 1 << 20
_PAIR = rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]"
#: By structure rather than by Python's codec, which does not know the characters that agencies made themselves (造字).
_ASCII_AND_PAIRS = re.compile(rb"(?:[\x00-\x7f]++|" + _PAIR + rb")*+")
#: The 5,401 frequently used characters; no Chinese text is without them.
_FREQUENT = re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]")
#: What files of other kinds begin with → what they are, by keys of `messages.REASONS`.
_BEGINNINGS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "office",
    b"%PDF-": "pdf",
    b"\x89PNG\r\n\x1a\n": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
    b"BM": "picture",
    b"II*\x00": "picture",
    b"MM\x00*": "picture",
    b"RIFF": "picture",
    b"7z\xbc\xaf\x27\x1c": "archive",
    b"Rar!\x1a\x07": "archive",
    b"\x1f\x8b": "archive",
    b"PK\x03\x04": "archive",
    b"PK\x05\x06": "archive",
}
#: What an archive of an office document, of Microsoft's or of OpenDocument's, names within its first entries.
_OFFICE = (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE)
_BEGINNING = 4096


def another_kind(data: bytes) -> str | None:
    """What a file is that is no text to be read as JSON, as a key of `messages.REASONS`; None for any other."""
    kind = next((kind for beginning, kind in _BEGINNINGS.items() if data.startswith(beginning)), None)
    if kind == "archive" and any(name in data[:_BEGINNING] for name in _OFFICE):
        return "office"
    return "web_page" if kind is None and _WEB_PAGE.match(data) else kind


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
