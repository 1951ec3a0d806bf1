"""Patterns of values that are certainly right: the shortcut that spares most values the full examination.

A pattern here may miss a right value (it is then examined), but must never take a wrong one.  They work on bytes
of the document; `n` bytes are at most `n` characters, which is what makes upper bounds of length safe.
"""

import re
from functools import cache, lru_cache

from checks.format.schema import Node
from checks.format.tokens import WS

#: A property of the format, and what its certain values look like.
Reader = tuple[Node, re.Pattern[bytes]]
#: Nothing matches: the value is always examined.
NEVER = re.compile(rb"(?!)")
_END = rb"(?=[ \t\n\r,}])"
# No opening brace: so the braces of a run of records can be counted.
_TEXT = rb'[^"\\{\x00-\x1f]'
_ASCII_TEXT = rb"[ !#-\[\]-z|}~]"


def _string(node: Node) -> bytes | None:
    if node.choices:
        return rb'"(?:' + rb"|".join(re.escape(choice.encode()) for choice in node.choices) + rb')"'
    if node.form:
        return rb'"' + node.form.spotless + rb'"' if node.form.spotless else None
    if node.shortest is None and node.longest is None:
        return rb'"' + _TEXT + rb'*+"'
    shortest = node.shortest or 0
    # One byte at least is one character at least; for more, only ASCII has as many characters as bytes.
    characters = _TEXT if shortest <= 1 else _ASCII_TEXT
    longest = "" if node.longest is None else str(node.longest)
    return rb'"' + characters + f"{{{shortest},{longest}}}+".encode() + rb'"'


def _number(node: Node) -> bytes | None:
    """Whole numbers from 1 of as many digits as stay under the upper bound; a decimal where one is allowed."""
    from_one = (node.above is None or node.above < 1) and (node.at_least is None or node.at_least <= 1)
    digits = 9 if node.at_most is None else len(str(int(node.at_most) + 1)) - 1
    if not from_one or digits < 1:
        return None
    whole = rb"[1-9][0-9]{0,%d}+" % (digits - 1)
    if node.decimals == 0 or digits == 1:
        return whole
    # With a digit fewer: 999.5 would be above a bound of 999.
    return rb"(?:" + whole + rb"|[1-9][0-9]{0,%d}+\.[0-9])" % (digits - 2)


def _value(node: Node) -> bytes | None:
    match node.type:
        case "string":
            value = None if node.tells else _string(node)
        case "number" | "integer":
            value = _number(node)
        case "boolean":
            value = rb"(?:true|false)"
        case _:
            value = None
    if value is None:
        return None
    return rb"(?:" + value + (rb"|null" if node.nullable else rb"") + rb")" + _END


def _reader(node: Node) -> Reader:
    value = _value(node)
    return node, NEVER if value is None else re.compile(value)


@cache
def readers(node: Node) -> dict[bytes, Reader]:
    """Give the properties of an object, under their names' bytes."""
    return {child.name.encode(): _reader(child) for child in node.properties}


@cache
def whole_order(record: Node) -> tuple[bytes, ...]:
    """Give the names of a record's properties in the format's order."""
    return tuple(child.name.encode() for child in record.properties)


@lru_cache(maxsize=64)
def run(record: Node, order: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Give the pattern of as many certainly right records as follow one another, their properties in this order.

    The number of records in a match is that of its opening braces.
    """
    known = readers(record)
    required = {child.name.encode() for child in record.properties if not child.nullable}
    values = [_value(known[name][0]) for name in order]
    if not required <= set(order) or None in values:
        return NEVER
    members = [
        rb'"' + re.escape(name) + rb'"' + WS + rb":" + WS + value
        for name, value in zip(order, values, strict=True)
        if value
    ]
    one = rb"\{" + WS + (WS + rb"," + WS).join(members) + WS + rb"\}"
    return re.compile(one + rb"(?:" + WS + rb"," + WS + one + rb")*+")
