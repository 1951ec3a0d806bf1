"""The objects and arrays that a scan is in the middle of."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

from checks.format.schema import Node
from checks.format.spotless import NEVER, Reader, readers, run, whole_order
from checks.format.tokens import WHOLLY_WRONG
from checks.format.values import shown_name

#: Names of an object beyond this many that are not the format's are no longer compared with one another:
#: each is a fault anyway, and a document could fill the memory with them.
_NAMES_REMEMBERED = 100_000
#: Longer names are remembered by their digest.
_LONG_NAME = 64
#: Elements of one array whose number of faults is learnt, and the bytes of the longest of them.
_NUMBERS_LEARNT, _SHORT = 4096, 64


@cache
def required(node: Node) -> frozenset[bytes]:
    """Give the names that an object must have."""
    return frozenset(child.name.encode() for child in node.properties if not child.nullable)


@cache
def names(node: Node) -> str:
    """List an object's properties, as a finding's `expected` says it."""
    return " | ".join(child.name for child in node.properties)


class ObjectFrame:
    """An object that is being read.  `node` is None inside of what the format does not know."""

    __slots__ = (
        "begun",
        "child",
        "kept_before",
        "name",
        "node",
        "offset",
        "readers",
        "record_id_at",
        "required",
        "seen",
    )

    def __init__(self, node: Node | None, offset: int, kept_before: int) -> None:
        self.node = node
        #: Offset of its opening brace.
        self.offset = offset
        #: How many faults were kept when it began: those after it are its own.
        self.kept_before = kept_before
        self.readers: dict[bytes, Reader] = readers(node) if node else {}
        self.required: frozenset[bytes] = required(node) if node else frozenset()
        #: The names that it had, in their order.
        self.seen: dict[bytes, None] = {}
        #: Whether it has a member already, so that a comma must come before the next.
        self.begun = False
        #: The member being read: its node, or if it is unknown the body of its name.
        self.child: Node | None = None
        self.name = b""
        #: Offset of the value of `record_id`.
        self.record_id_at: int | None = None

    @property
    def step(self) -> str:
        """The last step of a path to the member being read."""
        return self.child.name if self.child else shown_name(self.name)

    def given_before(self, name: bytes) -> bool:
        """Whether the object had this name before; remembers it."""
        remembered = name if len(name) <= _LONG_NAME else blake2b(name).digest()
        if remembered in self.seen:
            return True
        if len(self.seen) < _NAMES_REMEMBERED or name in self.readers:
            self.seen[remembered] = None
        return False

    def missing(self) -> list[Node]:
        """List the required properties that it did not have, in the format's order."""
        lacking = self.required - self.seen.keys()
        return [child for name, (child, _) in self.readers.items() if name in lacking]


class ArrayFrame:
    """An array that is being read.  `items` is None inside of what the format does not know."""

    __slots__ = ("element", "index", "items", "node", "numbers", "order", "run")

    def __init__(self, node: Node | None) -> None:
        self.node = node
        self.items = node.items if node else None
        #: Index of the element being read; -1 before the first.
        self.index = -1
        #: Where the element being read begins, and the faults by rule before it; None where it is not counted.
        self.element: tuple[int, Counter[str]] | None = None
        #: Elements that were read before → rule → how many faults each has.
        self.numbers: dict[bytes, Mapping[str, int]] = {}
        #: What a run of certainly right records looks like, properties in the order last learnt.
        self.run = NEVER
        self.order: tuple[bytes, ...] = ()
        if self.items:
            self.expect(whole_order(self.items))

    def expect(self, order: tuple[bytes, ...]) -> None:
        """Expect records with their properties in this order."""
        if self.items:
            self.order, self.run = order, run(self.items, order)

    def known(self, data: bytes, record: Node, offset: int) -> tuple[int, int, Mapping[str, int]]:
        """Of elements whose faults are known without reading: offset of their end, their number, their faults by rule.

        Nothing is as short and has as many faults as an empty object, or as what is no object: a run of those is
        counted at once.  Other short ones are read once, and known where they come again.
        """
        if found := WHOLLY_WRONG.match(data, offset):
            end = found.end()
            elements, empty = data.count(b",", offset, end) + 1, data.count(b"{", offset, end)
            return end, elements, {"F007": elements - empty, "F005": empty * len(required(record))}
        end = data.find(b"}", offset, offset + _SHORT) + 1
        faults = self.numbers.get(data[offset:end]) if end else None
        return (end, 0, {}) if faults is None else (end, 1, faults)

    def learn(self, data: bytes, end: int, by_rule: Counter[str]) -> None:
        """Remember the faults of the element that ends here, if it is a short one; `by_rule`: those so far."""
        if self.element is None:
            return
        (start, before), self.element = self.element, None
        if end - start <= _SHORT and len(self.numbers) < _NUMBERS_LEARNT:
            self.numbers[data[start:end]] = by_rule - before

    @property
    def step(self) -> int:
        """The last step of a path to the element being read."""
        return self.index


Frame = ObjectFrame | ArrayFrame
