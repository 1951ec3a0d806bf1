"""The precise format check of one document: every fault with its place, in one pass, without recursion.

The quick check of many documents is `checks.format.reader`; this one is asked what exactly is wrong with a
document, and where.  It builds no tree of the document: what it holds is the way down to where it is, 16 steps at
most, and the faults.
"""

from re import Pattern

from checks.format import encoding
from checks.format.faults import Fault, Faults, Place, Scan, most_kept
from checks.format.frames import ArrayFrame, Frame, ObjectFrame, names
from checks.format.identify import identify
from checks.format.locate import locate
from checks.format.positions import Positions
from checks.format.schema import Node
from checks.format.spotless import NEVER, Reader
from checks.format.syntax import JsonFault, fault_at_element, fault_at_member, fault_at_value
from checks.format.tokens import (
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    FIRST_KEY,
    KINDS,
    NEXT_ELEMENT,
    NEXT_KEY,
    SCALAR,
    UTF8_BOM,
    Key,
    Kind,
    skip_space,
    text_of,
)
from checks.format.values import objection, presentable, shown_value
from checks.format.versions import VERSIONS, Version, version_of
from checks.limits import Limits

__all__ = ["Scan", "identify", "locate", "scan"]

_RECORD_ID = b"record_id"
#: Document, array, record.
_RECORD_DEPTH = 3
#: Orders of properties that are learnt from one document; each is a pattern to compile.
_ORDERS_LEARNT = 8


def scan(data: bytes, limits: Limits) -> Scan:
    """Check the bytes of one document against its version of the format (F001–F009).  Raises nothing."""
    faults = Faults()
    told: dict[str, str] = {}
    told_at: dict[str, int] = {}
    complete = False
    if len(data) > limits.max_bytes:
        faults.add(Fault(None, "F009", expected=f"{limits.max_bytes:,} bytes", reason="bytes_limit"))
    elif (kind := encoding.another_kind(data)) is not None:
        faults.add(Fault(0, "F001", expected="JSON (UTF-8)", reason=kind))
    elif (offset := encoding.first_fault(data)) is not None:
        faults.add(Fault(offset, "F001", expected="UTF-8", reason=encoding.looks_like(data)))
    else:
        reading = _Reading(data, limits, version_of(data))
        complete = reading.read()
        stated = VERSIONS.get(reading.told.get("format_version", ""), reading.version)
        if stated is not reading.version:  # what looked like the version stood elsewhere in the document
            reading = _Reading(data, limits, stated)
            complete = reading.read()
        faults, told, told_at = reading.faults, reading.told, reading.told_at
    if not complete:
        said = identify(data)
        told = {name: value for name in ("agency_code", "month") if (value := getattr(said, name))} | told
    return Scan(
        findings=list(faults.findings(data)),
        places=Positions(data).of_each(told_at),
        by_rule=dict(faults.by_rule),
        complete=complete,
        format_version=told.get("format_version"),
        agency_code=told.get("agency_code"),
        month=told.get("month"),
        system=told.get("system"),
        version=told.get("version"),
        produced_at=told.get("produced_at"),
    )


class _OverLimit(Exception):  # noqa: N818
    """The reading ends at a limit (F009)."""


class _Reading:
    """One pass over a document.  Methods named after what they read take an offset and give the one after it."""

    def __init__(self, data: bytes, limits: Limits, version: Version) -> None:
        self.data = data
        self.limits = limits
        self.version = version
        self.faults = Faults(most_kept(len(data)))
        #: Properties that tell whose document it is, under their names in `Scan`.
        self.told: dict[str, str] = {}
        self.told_at: dict[str, int] = {}
        self.stack: list[Frame] = []
        self.orders: set[tuple[bytes, ...]] = set()

    def read(self) -> bool:
        """Read the document; whether to its end."""
        try:
            self._document()
        except JsonFault as fault:
            self._name_records()
            self.faults.add(Fault(fault.offset, "F002", reason=fault.reason, token=fault.token))
            return False
        except _OverLimit:
            self._name_records()
            return False
        return True

    def _document(self) -> None:
        data, stack = self.data, self.stack
        offset = skip_space(data, len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0)
        if offset == len(data):
            raise JsonFault(offset, "empty")
        offset = self._value(self.version.document, offset)
        while stack:
            top = stack[-1]
            offset = self._object(top, offset) if isinstance(top, ObjectFrame) else self._array(top, offset)
        offset = skip_space(data, offset)
        if offset != len(data):
            raise JsonFault(offset, "trailing")

    def _object(self, frame: ObjectFrame, offset: int) -> int:
        """Members up to the object's end, or up to one that is itself an object or array."""
        data, seen, known = self.data, frame.seen, frame.readers
        while key := (NEXT_KEY if frame.begun else FIRST_KEY).match(data, offset):
            frame.begun = True
            name = key[1]
            reader = known.get(name)
            if reader is None or name in seen:
                node, certain = self._odd_member(frame, key)
            else:
                seen[name] = None
                node, certain = reader
            frame.child = node
            offset = key.end()
            if name == _RECORD_ID:
                frame.record_id_at = offset
            if value := certain.match(data, offset):
                offset = value.end()
                continue
            offset = self._value(node, offset)
            if self.stack[-1] is not frame:
                return offset
        return self._end_of_object(frame, offset)

    def _end_of_object(self, frame: ObjectFrame, offset: int) -> int:
        end = CLOSE_OBJECT.match(self.data, offset)
        if end is None:
            raise fault_at_member(self.data, offset, first=not frame.begun)
        if not frame.required <= frame.seen.keys():
            self._missing(frame)
        elif frame.node and len(self.stack) == _RECORD_DEPTH:
            self._learn_order(frame)
        self._name_record(frame)
        self.stack.pop()
        return end.end()

    def _missing(self, frame: ObjectFrame) -> None:
        always = frame.node is self.version.document
        if self.faults.full and not always:
            self.faults.by_rule["F005"] += len(frame.required - frame.seen.keys())
            return
        for child in frame.missing():
            frame.child = child
            self._fault(frame.offset, "F005", expected=child.expected, always=always)

    def _learn_order(self, frame: ObjectFrame) -> None:
        """Expect the records that follow to have their properties in this one's order."""
        array, order = self.stack[-2], tuple(frame.seen)
        if not isinstance(array, ArrayFrame) or frame.node is None or order == array.order:
            return
        new = order not in self.orders
        if not new or (len(self.orders) < _ORDERS_LEARNT and frame.seen.keys() <= frame.readers.keys()):
            self.orders.add(order)
            array.expect(order)

    def _odd_member(self, frame: ObjectFrame, key: Key) -> Reader | tuple[None, Pattern[bytes]]:
        """Take a member whose name is not the format's, is given twice, or is only written in another way (escapes)."""
        body = key[1]
        name = text_of(body).encode("utf-8", "surrogatepass") if b"\\" in body else body
        reader = frame.readers.get(name)
        frame.child = reader[0] if reader else None
        frame.name = body
        offset = key.start(1) - 1
        if frame.given_before(name):
            self._fault(offset, "F003")
        if reader is None and frame.node:
            self._fault(offset, "F006", expected=names(frame.node))
        return reader or (None, NEVER)

    def _array(self, frame: ArrayFrame, offset: int) -> int:
        """Elements up to the array's end, or up to one that is itself an object or array."""
        frame.learn(self.data, offset, self.faults.by_rule)
        while True:
            comma = NEXT_ELEMENT.match(self.data, offset) if frame.index >= 0 else None
            if comma is None:
                end = CLOSE_ARRAY.match(self.data, offset)
                if end:
                    self.stack.pop()
                    return end.end()
                if frame.index >= 0:
                    raise fault_at_element(self.data, offset)
            offset = comma.end() if comma else skip_space(self.data, offset)
            if spotless := frame.run.match(self.data, offset):
                self._count(frame, offset, self.data.count(b"{", offset, spotless.end()))
                offset = spotless.end()
                continue
            if self.faults.full and frame.items and (passed := self._passed_over(frame, frame.items, offset)):
                offset = passed
                continue
            self._count(frame, offset, 1)
            frame.element = (offset, self.faults.by_rule.copy()) if self.faults.full else None
            offset = self._value(frame.items, offset)
            if self.stack[-1] is not frame:
                return offset

    def _passed_over(self, frame: ArrayFrame, record: Node, offset: int) -> int | None:
        """Pass over elements whose faults are only counted, and known without reading; None where there are none."""
        end, elements, faults = frame.known(self.data, record, offset)
        if not elements or elements > self.limits.max_records - frame.index - 1:
            return None
        self.faults.by_rule.update(faults)
        frame.index += elements
        return end

    def _count(self, frame: ArrayFrame, offset: int, records: int) -> None:
        """Go on by so many elements, the first of which is at `offset`.  Raises _OverLimit."""
        excess = self.limits.max_records - frame.index - 1
        if excess >= records:
            frame.index += records
            return
        for _ in range(excess):
            offset = self.data.index(b"{", offset + 1)
        frame.index = self.limits.max_records
        raise self._over_limit(offset, f"{self.limits.max_records:,}", "records_limit")

    def _value(self, node: Node | None, offset: int) -> int:
        scalar = SCALAR.match(self.data, offset)
        if scalar:
            kind = KINDS[scalar.lastindex or 0]
            if node and kind:
                self._judge(node, kind, offset, scalar[kind])
            return scalar.end()
        opening = self.data[offset : offset + 1]
        if opening == b"{":
            inside = self._judge(node, Kind.OBJECT, offset)
            self._push(ObjectFrame(inside, offset, len(self.faults.kept)), offset)
        elif opening == b"[":
            self._push(ArrayFrame(self._judge(node, Kind.ARRAY, offset)), offset)
        else:
            raise fault_at_value(self.data, offset)
        return offset + 1

    def _judge(self, node: Node | None, kind: Kind, offset: int, token: bytes = b"") -> Node | None:
        """Report what is wrong with a value; the node that holds for what is inside of it, None for nothing known."""
        wrong = objection(node, kind, token) if node else None
        if node is None or wrong is None:
            if node and node.tells and node.tells not in self.told:
                self.told[node.tells], self.told_at[node.tells] = text_of(token), offset
            return node
        if self.faults.full:
            self.faults.by_rule[wrong.rule] += 1
        else:
            shown = shown_value(node, kind, token)
            self._fault(offset, wrong.rule, value=shown, expected=wrong.expected, reason=wrong.reason)
        return None

    def _push(self, frame: Frame, offset: int) -> None:
        if len(self.stack) >= self.limits.max_depth:
            raise self._over_limit(offset, str(self.limits.max_depth), "depth_limit")
        self.stack.append(frame)

    def _over_limit(self, offset: int, limit: str, reason: str) -> "_OverLimit":
        """Note a fault that ends the reading: reading on would cost what the limit is there to spare."""
        self._fault(offset, "F009", expected=limit, reason=reason, always=True)
        return _OverLimit()

    def _fault(
        self,
        offset: int,
        rule: str,
        *,
        value: str | None = None,
        expected: str | None = None,
        reason: str = "",
        always: bool = False,
    ) -> None:
        """Note a fault of what is being read.  `always`: kept however many there are."""
        if self.faults.full and not always:
            self.faults.by_rule[rule] += 1
            return
        top = self.stack[-1] if self.stack else None
        child = top.child if isinstance(top, ObjectFrame) else None
        path = tuple(frame.step for frame in self.stack)
        place = Place(path, child.title if child else "")
        self.faults.add(Fault(offset, rule, place, value, expected, reason))

    def _name_record(self, frame: ObjectFrame) -> None:
        """Give the faults within a record its `record_id`, if it has a usable one."""
        own = self.faults.kept[frame.kept_before :]
        if not own or frame.record_id_at is None or _RECORD_ID not in frame.readers:
            return
        node, _ = frame.readers[_RECORD_ID]
        found = SCALAR.match(self.data, frame.record_id_at)
        if found and found.lastindex == Kind.STRING and objection(node, Kind.STRING, found[1]) is None:
            for fault in own:
                fault.record_id = presentable(text_of(found[1]))

    def _name_records(self) -> None:
        """Do the same for the records that the reading ended in."""
        for frame in self.stack:
            if isinstance(frame, ObjectFrame):
                self._name_record(frame)
