"""One change of a valid document for each rule of format (F): what it is, and what exactly is to be found then."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.limits import Limits
from checks.model.agency_kinds import Staffing
from tests.support.valid_documents import AGENCY, Document, national_ids

CONTEXT = CheckContext(today=date(2026, 11, 23))


class Handed(NamedTuple):
    """What is handed in and judged by `context`, and the one place to be found: rule and JSON Pointer."""

    document: SubmittedDocument
    rule: str
    pointer: str | None
    context: CheckContext = CONTEXT


Draw = st.DrawFn

#: By property: values of another type (F007), and of the right type that are not allowed (F008).
WRONG: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "agency_code": ((None, 3, [], {}), ("", "37650000A", "37650000000", "376500000a", "３７６５０００００Ａ")),
    "month": ((None, 202106), ("2021-13", "2021-6", "202106", "110-06", "0000-01")),
    "system": ((None, True), ("", "x" * 41)),
    "version": ((2, 2.4), ("", "王" * 41)),
    "produced_at": ((None, 0), ("2021-07-05T09:12:00", "2021-02-29T09:12:00+08:00", "2021-07-05 09:12:00+08:00")),
    "person_id": ((None, 123456789), ()),
    "name": ((None, ["王"]), ("\ud83d",)),
    "employment_type": ((None, 1), ("", "Teacher", "civil servant")),
    "from": ((20210601, False), ("", "2021-06-31", "1100601", "2021-06-01T00:00")),
    "to": ((0, {}), ("2021-02-29", "9999-99-99")),
    "record_id": ((None, 7), ("", "x" * 41)),
    "leave_type": ((3, None), ("\udc00",)),
    "start": ((None, 0), ("2021-06-03 08:30", "2021-06-03T24:00", "2021-06-31T08:30", "2021-06-03T08:30:00+08:00")),
    "end": ((None, []), ("2021-06-03", "2021-06-03T08:60", "0000-06-03T08:30")),
    "hours": (("8", None, True), (0, -1, 8.125, 8784.5, 1e300)),
    "certificate": ((None, "true", 1), ()),
    "reason": ((0, []), ("由" * 201,)),
    "minutes": (("60", 60.5, None), (0, 2881, -60)),
    "compensation": ((None, True), ("", "cash")),
    "at": ((None, 1), ("2021-06-03", "2021-06-03T8:21")),
    "kind": ((None, 1), ("IN", "上班")),
}  # fmt: skip
NULLABLE = {"from", "to", "reason", "certificate"}


def _objects(value: Any, way: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document, by its pointer."""
    if isinstance(value, dict):
        yield way, value
    for step, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _objects(inner, f"{way}/{step}")


def _property(draw: Draw, document: Document, holds: Callable[[str], bool]) -> tuple[str, dict[str, Any], str]:
    places = [(way, inner, name) for way, inner in _objects(document) for name in inner if holds(name)]
    way, inner, name = draw(st.sampled_from(places))
    return f"{way}/{name}", inner, name


def _written(document: Document, **more: Any) -> SubmittedDocument:
    return SubmittedDocument(json.dumps(document).encode(), **more)


def f001(draw: Draw, document: Document) -> Handed:
    data = json.dumps(
        {**document, "produced_by": {"system": "本機關系統", "version": "1"}}, ensure_ascii=False
    ).encode()
    at = data.index("本".encode()) + draw(st.integers(0, 14))
    return Handed(SubmittedDocument(data[:at] + b"\xff" + data[at + 1 :]), "F001", None)


def f002(draw: Draw, document: Document) -> Handed:
    data = json.dumps(document).encode()
    cut = draw(st.integers(0, len(data) - 1))
    ending = draw(st.sampled_from((b"", b"\n", b"}]", b"\x00")))
    # An object that is closed early lacks properties too: outside of a text, where no comma or colon asks for more.
    in_a_text = (data[:cut].count(b'"') - data[:cut].count(b'\\"')) % 2 == 1
    assume(ending != b"}]" or in_a_text or data[:cut].rstrip().endswith((b",", b":", b"[")))
    assume(ending != b"}]" or not data.startswith((b"}", b"]"), cut))
    return Handed(SubmittedDocument(data[:cut] + ending), "F002", None)


def f003(draw: Draw, document: Document) -> Handed:
    pointer, inner, name = _property(draw, document, lambda _: True)
    inner["\u0001"] = inner[name]
    return Handed(SubmittedDocument(json.dumps(document).replace("\\u0001", name).encode()), "F003", pointer)


def f004(draw: Draw, document: Document) -> Handed:
    document["format_version"] = draw(st.sampled_from(("1", "1.2", "2.0", "", " 1.0")))
    return Handed(_written(document), "F004", "/format_version")


def f005(draw: Draw, document: Document) -> Handed:
    pointer, inner, name = _property(draw, document, lambda name: name not in NULLABLE)
    del inner[name]
    return Handed(_written(document), "F005", pointer)


def f006(draw: Draw, document: Document) -> Handed:
    way, inner = draw(st.sampled_from(list(_objects(document))))
    name = draw(st.sampled_from(("remark", "Month", "person_id ", "備註", "x" * 30)))
    inner[name] = draw(st.sampled_from((None, 1, "x", {}, [[]])))
    return Handed(_written(document), "F006", f"{way}/{name}")


def f007(draw: Draw, document: Document) -> Handed:
    if draw(st.booleans()):
        name = draw(st.sampled_from(("employees", "leaves", "overtime", "clockings", "produced_by")))
        document[name] = draw(st.sampled_from((None, "", 0)))
        return Handed(_written(document), "F007", f"/{name}")
    pointer, inner, name = _property(draw, document, WRONG.__contains__)
    inner[name] = draw(st.sampled_from(WRONG[name][0]))
    return Handed(_written(document), "F007", pointer)


def f008(draw: Draw, document: Document) -> Handed:
    pointer, inner, name = _property(draw, document, lambda name: bool(WRONG.get(name, ((), ()))[1]))
    inner[name] = draw(st.sampled_from(WRONG[name][1]))
    return Handed(_written(document), "F008", pointer)


def f009(draw: Draw, document: Document) -> Handed:
    """The change is one of the limits."""
    if draw(st.booleans()):
        handed = _written(document)
        return Handed(handed, "F009", None, replace(CONTEXT, limits=Limits(max_bytes=len(handed.data) - 1)))
    name, records = max(
        ((name, document[name]) for name in ("employees", "leaves", "overtime", "clockings")),
        key=lambda one: len(one[1]),
    )
    most = len(records) - 1
    return Handed(_written(document), "F009", f"/{name}/{most}", replace(CONTEXT, limits=Limits(max_records=most)))


def f010(draw: Draw, document: Document) -> Handed:
    asked = draw(st.sampled_from(({"agency_code": "376510000A"}, {"month": "2020-12"})))
    return Handed(_written(document, **asked), "F010", f"/{next(iter(asked))}")


class _Register:
    def __init__(self, answer: bool | None) -> None:
        self.answer = answer

    def staffing(self, agency_code: str, month: str) -> Staffing:
        return Staffing()

    def in_force(self, agency_code: str, month: str) -> bool | None:
        return self.answer if agency_code == AGENCY else True


def f011(draw: Draw, document: Document) -> Handed:
    context = replace(CONTEXT, agencies=_Register(draw(st.sampled_from((None, False)))))
    return Handed(_written(document), "F011", "/agency_code", context)


def f012(draw: Draw, document: Document) -> Handed:
    """A day too early, or collection begun a month later."""
    year, month = int(document["month"][:4]), int(document["month"][5:])
    if draw(st.booleans()):
        last_day_before = date.fromordinal(date(year, month, 1).toordinal() - 1)
        return Handed(_written(document), "F012", "/month", replace(CONTEXT, today=last_day_before))
    began = f"{year + month // 12}-{month % 12 + 1:02}"
    return Handed(_written(document), "F012", "/month", replace(CONTEXT, limits=Limits(collection_began=began)))


def f013(draw: Draw, document: Document) -> Handed:
    """A year typed wrongly."""
    dated = [one for name in ("leaves", "overtime", "clockings") for one in document[name]]
    assume(len(dated) >= 10)
    document["month"] = f"{int(document['month'][:4]) + 1}{document['month'][4:]}"
    return Handed(_written(document), "F013", "/month")


def f014(draw: Draw, document: Document) -> Handed:
    """Everything is of people who are not listed."""
    strangers = draw(st.lists(national_ids(), min_size=1, max_size=2))
    assume(all(one["person_id"] not in strangers for one in document["employees"]))
    for name in ("leaves", "overtime", "clockings"):
        for one in document[name]:
            one["person_id"] = draw(st.sampled_from(strangers))
    return Handed(_written(document), "F014", None)


CHANGES: dict[str, Callable[[Draw, Document], Handed]] = {
    "F001": f001, "F002": f002, "F003": f003, "F004": f004, "F005": f005, "F006": f006, "F007": f007, "F008": f008,
    "F009": f009, "F010": f010, "F011": f011, "F012": f012,
    "F013": f013, "F014": f014,
}  # fmt: skip
