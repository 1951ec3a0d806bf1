"""One scalar value against its node: what is wrong with it, and what a finding may show of it."""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from checks.format.schema import Node
from checks.format.tokens import BYTES_PER_CHARACTER, Kind, beginning_of, has_lone_surrogate, text_of
from checks.model.constraints import DECIMALS_DIFFER
from checks.model.masking import mask_ids_in, mask_person_id

#: Characters of a value or of a property's name that a finding shows at most.
SHOWN = 40
#: An ID that begins within what is shown lies wholly within this much, so it is masked before it is cut.
_LOOKED_AT = SHOWN + 10

_KINDS_OF_TYPE = {
    "string": Kind.STRING,
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "object": Kind.OBJECT,
    "array": Kind.ARRAY,
}
#: Longer than any text of a form.
_LONGEST_FORM = 40
_LONGEST_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with a value: the rule, what was expected, and the reason by its key in `messages.REASONS`."""

    rule: str
    expected: str
    reason: str


def objection(node: Node, kind: Kind, token: bytes) -> Objection | None:
    """Say what is wrong with a value, or None.  `token` is a string's body, otherwise the value as written."""
    return _remembered(node, kind, token) if len(token) <= _LONGEST_REMEMBERED else _objection(node, kind, token)


@lru_cache(maxsize=4096)
def _remembered(node: Node, kind: Kind, token: bytes) -> Objection | None:
    """Judge a value once: what a system gets wrong it gets wrong in every record."""
    return _objection(node, kind, token)


def _objection(node: Node, kind: Kind, token: bytes) -> Objection | None:
    if kind is Kind.NULL and node.nullable:
        return None
    if kind is not _KINDS_OF_TYPE[node.type]:
        return Objection("F007", node.expected_type, f"found_{kind.word}")
    if kind is Kind.STRING:
        return _string_objection(node, token)
    if kind is Kind.NUMBER:
        return _number_objection(node, token)
    return None


def _string_objection(node: Node, body: bytes) -> Objection | None:
    if has_lone_surrogate(body):
        return Objection("F008", "Unicode", "surrogate")
    longest = node.longest
    if longest is None and (node.choices or node.form):
        longest = _LONGEST_FORM
    if longest is None and node.shortest is None:
        return None
    # So many bytes cannot be so few characters: a huge text is not decoded only to be counted.
    text = None if longest is not None and len(body) > longest * BYTES_PER_CHARACTER else text_of(body)
    reason = _text_reason(node, text)
    return Objection(node.breaks, node.expected, reason) if reason else None


def _text_reason(node: Node, text: str | None) -> str | None:
    """Why the text is not allowed; None for a text stands for one that is far too long for anything."""
    if node.choices or node.form:
        if text is not None and _allowed(node, text):
            return None
        return "form" if text is None else _why_not(node, text)
    if text is None or not (node.shortest or 0) <= len(text) <= (node.longest or math.inf):
        return "length"
    return None


def _allowed(node: Node, text: str) -> bool:
    if node.form:
        return node.form.fits(text) and node.form.holds(text)
    return text in node.choices


_MIDNIGHT = re.compile(r"T24:00(?::00)?$", re.ASCII)
#: Years of three digits, or of two, with or without marks between.
_ROC_DATE = re.compile(r"0?[1-9][0-9]{1,2}(?:[-/.][0-9]{1,2}){1,2}(?:[T ].*)?|0?[1-9][0-9]{5,6}(?:[T ].*)?", re.ASCII)


def _why_not(node: Node, text: str) -> str:
    """The one change that would make a value right, as people nearly get it right; else what it lacks."""
    for reason, changed in (
        ("blanks", text.strip()),
        ("wide", unicodedata.normalize("NFKC", text)),
        ("case", text.upper()),
        ("case", text.lower()),
        ("midnight", _MIDNIGHT.sub("T00:00", text)),
    ):
        if changed != text and _allowed(node, changed):
            return reason
    if node.form and node.form.is_real and _ROC_DATE.fullmatch(text):
        return "roc_year"
    if node.form:
        return "unreal" if node.form.fits(text) else "form"
    return "choice"


def _number_objection(node: Node, token: bytes) -> Objection | None:
    number = float(token)
    if math.isinf(number):
        return Objection(node.breaks, node.expected, "double")
    if node.type == "integer" and not number.is_integer():
        return Objection("F007", node.expected_type, "fraction")
    too_low = (node.above is not None and number <= node.above) or (
        node.at_least is not None and number < node.at_least
    )
    if too_low or (node.at_most is not None and number > node.at_most):
        return Objection(node.breaks, node.expected, "range")
    if node.decimals is not None:
        scaled = number * 10**node.decimals
        if abs(scaled - round(scaled)) >= DECIMALS_DIFFER:
            return Objection(node.breaks, node.expected, "decimals")
    return None


#: Columns next to `name`: where a file's columns have slipped, names stand in these.
_BESIDE_NAMES = frozenset({"employment_type", "from", "to"})


def shown_value(node: Node, kind: Kind, token: bytes) -> str | None:
    """Say what a finding may show of a value: nothing of a sensitive one, a person_id masked, `SHOWN` characters."""
    if node.sensitive:
        return None
    if kind in {Kind.OBJECT, Kind.ARRAY}:
        return kind.word
    text = beginning_of(token, _LOOKED_AT) if kind is Kind.STRING else token[:_LOOKED_AT].decode()
    if node.person and kind in {Kind.STRING, Kind.NUMBER}:
        return _presentable(mask_person_id(text))
    if node.name in _BESIDE_NAMES and not text.isascii():
        return f"{text[:1]}****"
    return presentable(text)


def shown_name(body: bytes) -> str:
    """Say what a finding may show of a property's name that the format does not know."""
    return presentable(beginning_of(body, _LOOKED_AT))


def presentable(text: str) -> str:
    """Give the text with IDs masked, without control or direction characters, cut to `SHOWN` characters."""
    return _presentable(mask_ids_in(text))


_UNPRINTABLE = re.compile(r"[^\w\s!-~]|[\t-\r\x1c-\x1f\x85\u2028\u2029]")


def _presentable(text: str) -> str:
    printable = _UNPRINTABLE.sub(lambda found: found[0] if found[0].isprintable() else "\ufffd", text)
    return printable if len(printable) <= SHOWN else f"{printable[: SHOWN - 1]}…"
