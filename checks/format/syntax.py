"""Where a document stops being JSON: what exactly is wrong there, said so that it can be mended (F002).

Called only once, after a pattern of `tokens` has failed to match: this is where time does not matter and words do.
"""

import re
import string

from checks.format.tokens import STRING_BODY, skip_space

_BODY = re.compile(STRING_BODY)
_NOT_FINITE = re.compile(rb"[+-]?(?:nan|inf)", re.IGNORECASE)
_PUNCTUATION = string.punctuation.encode()


class JsonFault(Exception):  # noqa: N818
    """The first syntax fault: its offset in bytes, and the reason by its key in `messages.REASONS`."""

    def __init__(self, offset: int, reason: str, token: str = "") -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason
        #: One ASCII punctuation mark, or nothing: no content of the document is ever shown.
        self.token = token


def fault_at_value(data: bytes, offset: int) -> JsonFault:
    """Why no value begins at `offset`, where one is due."""
    byte = data[offset : offset + 1]
    if not byte:
        return JsonFault(offset, "truncated")
    if byte == b'"':
        return _fault_in_string(data, offset)
    if byte in b"]},":
        return JsonFault(offset, "missing_value")
    if _NOT_FINITE.match(data, offset):
        return JsonFault(offset, "not_finite")
    if byte in b"0123456789-+.":
        return JsonFault(offset, "truncated" if offset + 1 == len(data) and byte == b"-" else "number")
    return _fault_at_anything(data, offset)


def fault_at_member(data: bytes, offset: int, *, first: bool) -> JsonFault:
    """Why neither a member nor the end of the object follows at `offset`."""
    at = skip_space(data, offset)
    if not first:
        comma = at
        if data[at : at + 1] != b",":
            return _fault_after_item(data, at, closing=b"}")
        at = skip_space(data, at + 1)
        if data[at : at + 1] == b"}":
            return JsonFault(comma, "trailing_comma")
    return _fault_at_key(data, at)


def fault_at_element(data: bytes, offset: int) -> JsonFault:
    """Why neither another element nor the end of the array follows at `offset`, after an element."""
    at = skip_space(data, offset)
    if data[at : at + 1] == b",":
        return JsonFault(at, "trailing_comma")
    return _fault_after_item(data, at, closing=b"]")


def _end_of_body(data: bytes, offset: int) -> int:
    body = _BODY.match(data, offset)
    return body.end() if body else offset


def _fault_at_key(data: bytes, at: int) -> JsonFault:
    byte = data[at : at + 1]
    if byte == b'"':
        end = _end_of_body(data, at + 1)
        if data[end : end + 1] != b'"':
            return _fault_in_string(data, at)
        after = skip_space(data, end + 1)
        return JsonFault(after, "missing_colon" if data[after : after + 1] else "truncated")
    if byte.isalnum() or byte in (b",", b"_", b"{", b"["):
        return JsonFault(at, "missing_key")
    return _fault_at_anything(data, at)


def _fault_after_item(data: bytes, at: int, *, closing: bytes) -> JsonFault:
    byte = data[at : at + 1]
    if byte and byte in b"]}" and byte != closing:
        return JsonFault(at, "bracket", byte.decode())
    if byte and (byte.isalnum() or byte in b"\"'{[-"):
        return JsonFault(at, "missing_comma")
    return _fault_at_anything(data, at)


def _fault_at_anything(data: bytes, at: int) -> JsonFault:
    byte = data[at : at + 1]
    if not byte:
        return JsonFault(at, "truncated")
    if byte == b"'":
        return JsonFault(at, "single_quote")
    if byte == b"#" or data.startswith((b"//", b"/*"), at):
        return JsonFault(at, "comment")
    if byte in b"]}":
        return JsonFault(at, "bracket", byte.decode())
    if byte in _PUNCTUATION:
        return JsonFault(at, "unexpected", byte.decode())
    return JsonFault(at, _kind_of_letter(byte))


def _kind_of_letter(byte: bytes) -> str:
    if not byte.isascii():
        return "wide_mark"
    return "word" if byte.isalpha() else "character"


def _fault_in_string(data: bytes, quote: int) -> JsonFault:
    """Say what ends a string before its closing quotation mark; `quote` is the offset of the opening one."""
    end = _end_of_body(data, quote + 1)
    byte = data[end : end + 1]
    if byte == b"\\":
        unfinished = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z").match(data, end)
        return JsonFault(quote, "unterminated") if unfinished else JsonFault(end, "escape")
    if not byte:
        return JsonFault(quote, "unterminated")
    return JsonFault(end, "line_break" if byte in b"\r\n" else "control")
