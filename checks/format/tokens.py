"""Tokens of a JSON document (RFC 8259) as compiled patterns over its UTF-8 bytes, and the text of a string token.

Bytes, not text: a document is never decoded as a whole, so it costs no memory beyond its own.
All repeats are possessive (`*+`): no input makes a pattern go back, so the time is linear in the document.
"""

import re
from enum import IntEnum

WS = rb"[ \t\n\r]*+"
STRING_BODY = rb'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![0-9A-Za-z.+-])"

UTF8_BOM = b"\xef\xbb\xbf"

_SPACE = re.compile(WS)
_KEY = WS + rb'"(' + STRING_BODY + rb')"' + WS + rb":" + WS
FIRST_KEY = re.compile(_KEY)
NEXT_KEY = re.compile(WS + rb"," + _KEY)
#: Before an element of an array that already has one; it must not be the comma before the closing bracket.
NEXT_ELEMENT = re.compile(WS + rb"," + WS + rb"(?!\])")
CLOSE_OBJECT = re.compile(WS + rb"\}")
CLOSE_ARRAY = re.compile(WS + rb"\]")
#: The group that matched says the kind: see `Kind`.
SCALAR = re.compile(
    rb'"(' + STRING_BODY + rb')"|(' + NUMBER + rb")|(true|false)(?![0-9A-Za-z_])|(null)(?![0-9A-Za-z_])"
)
_WHOLLY_WRONG = rb"(?:\{" + WS + rb"\}|\[" + WS + rb"\]|" + NUMBER + rb"|(?:true|false|null)(?![0-9A-Za-z_]))"
#: Elements of an array of records that are empty objects, or no objects and without comma or brace.
WHOLLY_WRONG = re.compile(_WHOLLY_WRONG + rb"(?:" + WS + rb"," + WS + _WHOLLY_WRONG + rb")*+")


#: A match of `FIRST_KEY` or `NEXT_KEY`: its first group is the body of the name.
Key = re.Match[bytes]


def skip_space(data: bytes, offset: int) -> int:
    """Offset of the first byte at or after `offset` that is not white space."""
    space = _SPACE.match(data, offset)
    return space.end() if space else offset


class Kind(IntEnum):
    """Kinds of JSON value; scalars have the number of their group in `SCALAR`."""

    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    NULL = 4
    OBJECT = 5
    ARRAY = 6

    @property
    def word(self) -> str:
        """The kind as JSON calls it."""
        return self.name.lower()


#: By number, because looking a member up is many times slower.
KINDS: tuple[Kind | None, ...] = (None, *Kind)

_ESCAPE = re.compile(rb'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_SIMPLE = {b"b": "\b", b"f": "\f", b"n": "\n", b"r": "\r", b"t": "\t"}
_PAIRED = re.compile(
    rb"(?:[^\\]++|\\[^u]|\\u(?![dD][89a-fA-F])....|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)*+",
    re.DOTALL,
)
_BODY = re.compile(STRING_BODY)
#: The longest way to write one character: an escaped surrogate pair.
BYTES_PER_CHARACTER = 12


def has_lone_surrogate(body: bytes) -> bool:
    r"""Whether the body of a string token has half of a `\ud83d\ude00` pair alone: JSON, but no text."""
    return b"\\u" in body and _PAIRED.fullmatch(body) is None


def text_of(body: bytes) -> str:
    """Decode a string token's body (what is between its quotes); half a surrogate pair stays as it is."""
    if b"\\" not in body:
        return body.decode()
    parts: list[str] = []
    done = 0
    for escape in _ESCAPE.finditer(body):
        parts.append(body[done : escape.start()].decode())
        done = escape.end()
        if escape[1]:
            parts.append(chr(int(escape[1], 16)))
        else:
            parts.append(_SIMPLE.get(escape[2]) or escape[2].decode())
    parts.append(body[done:].decode())
    # Through UTF-16, where the two halves of an escaped pair become their one character.
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def beginning_of(body: bytes, characters: int) -> str:
    """At least the first `characters` of the text of a string token's body, without decoding all of a huge one."""
    cut = body[: (characters + 1) * BYTES_PER_CHARACTER]
    whole_escapes = _BODY.match(cut)
    # The pattern leaves out half an escape, the decoder half a character; both lie beyond what was asked for.
    return text_of(whole_escapes[0].decode("utf-8", "ignore").encode()) if whole_escapes else ""
