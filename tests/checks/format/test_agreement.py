"""The scan against judges that were not written by us: Python's JSON parser and `jsonschema` on the derived schema."""

import json
import re
from datetime import date, datetime

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.format.locate import locate
from checks.format.scanner import scan
from checks.format.spotless import readers, run, whole_order
from checks.format.tokens import Kind
from checks.format.values import objection
from checks.format.versions import NEWEST, VERSIONS
from checks.limits import Limits
from tests.checks.format.conftest import valid_document

LIMITS = Limits()
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def _date(value):
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@FORMATS.checks("date-time", raises=ValueError)
def _date_time(value):
    return not isinstance(value, str) or datetime.fromisoformat(value.upper()).tzinfo is not None


VALIDATORS = {
    name: jsonschema.Draft202012Validator(version.json_schema(), format_checker=FORMATS)
    for name, version in VERSIONS.items()
}
DOCUMENT = NEWEST.document

TEXT = st.text(alphabet='Aa1 王😀"\\/{}[],:\n\t\x7f', max_size=8) | st.sampled_from(
    ["2021-06-03", "2021-02-29", "2021-06-03T08:30", "2021-06-31T08:30", "2021-06", "in", "pay", "1.0", "1.1", "x" * 41]
)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-10, 10**5)
    # At most two decimals: of those JSON Schema says nothing.
    | st.floats(-1e5, 1e5).map(lambda number: round(number, 2))
    | st.sampled_from([0.5, 8784, 8784.5, 2880, 2881, 120.0, 1.5])
    | TEXT
)
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)


def _paths(value, way=()):
    """Every place of a document."""
    yield way
    for step, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _paths(inner, (*way, step))


@st.composite
def mutated(draw):
    """A valid document in which up to three places were replaced, removed or added to."""
    document = valid_document(draw(st.sampled_from(list(VERSIONS))))
    for _ in range(draw(st.integers(0, 3))):
        places = [path for path in _paths(document) if path]
        *way, last = draw(st.sampled_from(places))
        inner = document
        for step in way:
            inner = inner[step]
        deed = draw(st.sampled_from(["replace", "remove", "add"]))
        if deed == "remove":
            del inner[last]
        elif deed == "add" and isinstance(inner, dict):
            inner[draw(TEXT)] = draw(JSON)
        else:
            inner[last] = draw(JSON)
    return document


def _pointer(steps) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _expected(document) -> set[tuple[str, str]]:
    """Rule and pointer of what jsonschema objects to; of an unknown property, the object that has it."""
    found = set()
    said = document.get("format_version")
    validator = VALIDATORS.get(said if isinstance(said, str) else NEWEST.name, VALIDATORS[NEWEST.name])
    for error in validator.iter_errors(document):
        steps = list(error.absolute_path)
        match error.validator:
            case "type":
                found.add(("F007", _pointer(steps)))
            case "required":
                name = re.match(r"'(.*)' is a required", error.message)[1]
                found.add(("F005", _pointer([*steps, name])))
            case "additionalProperties":
                found.add(("F006", _pointer(steps)))
            case _:
                found.add(("F004" if steps == ["format_version"] else "F008", _pointer(steps)))
    # What has the wrong type is not judged further.
    wrong_type = {place for rule, place in found if rule == "F007"}
    return {(rule, place) for rule, place in found if rule == "F007" or place not in wrong_type}


@QUICK
@given(mutated(), st.sampled_from([None, 1]), st.booleans())
def test_the_scan_and_the_json_schema_agree_on_every_fault(document, indent, ascii_only):
    data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    found = scan(data, LIMITS)
    assert found.complete
    said = set()
    for finding in found.findings:
        parent = finding.pointer.rpartition("/")[0]
        said.add((finding.rule, parent if finding.rule == "F006" else finding.pointer))
    assert said == _expected(document)


@pytest.mark.parametrize(("hours", "right"), [(8.12, True), (0.01, True), (8784, True), (8.125, False), (1e-9, False)])
def test_hours_have_at_most_two_decimals(hours, right):
    document = valid_document()
    document["leaves"][0]["hours"] = hours
    assert [finding.rule for finding in scan(json.dumps(document).encode(), LIMITS).findings] == ["F008"] * (not right)


@QUICK
@given(st.data())
def test_the_scan_and_pythons_parser_agree_on_what_is_json(data):
    text = json.dumps(valid_document(), ensure_ascii=data.draw(st.booleans()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.sampled_from([0, 0, 1, 1, 2, 7]))
        put = data.draw(st.text(alphabet='{}[],:"\\ntruefalsn0123456789.-+eE \n\t\x00王', max_size=2))
        text = text[:at] + put + text[at + cut :]
    _agree(text)


FRAGMENTS = [
    '"',
    "\\",
    "\\u12aF",
    '"a"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "0",
    "1.5",
    "-",
    "e1",
    "true",
    "null",
    "NaN",
    "//",
    "\n",
    "王",
]


@QUICK
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12))
def test_the_scan_and_pythons_parser_agree_on_fragments(fragments):
    _agree("".join(fragments))


def _agree(text: str) -> None:
    try:
        json.loads(text, parse_constant=_refuse)
        is_json = True
    except ValueError:
        is_json = False
    found = scan(text.encode(), LIMITS)
    assert found.complete == is_json
    assert [finding.rule for finding in found.findings].count("F002") == (not is_json)


def _refuse(constant):
    raise ValueError(constant)


@QUICK
@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: b'{"leaves": [{"record_id": "' + tail))
def test_any_bytes_are_judged(data):
    found = scan(data, LIMITS)
    assert found.total >= 1
    assert all(finding.line >= 1 and finding.column >= 1 for finding in found.findings)


LEAVES = [node for node in DOCUMENT.properties if node.items] + [DOCUMENT, DOCUMENT.properties[3]]
READERS = [entry for node in LEAVES for entry in readers(node.items or node).values()]


@QUICK
@given(st.sampled_from(READERS), SCALAR | st.integers(0, 9999) | st.integers(0, 20000).map(lambda n: n / 2))
def test_the_shortcut_never_takes_a_wrong_value(reader, value):
    node, certain = reader
    written = json.dumps(value, ensure_ascii=False).encode()
    found = certain.match(written + b",")
    if found:
        assert found.end() == len(written)
        kind = {str: Kind.STRING, bool: Kind.BOOLEAN, type(None): Kind.NULL}.get(type(value), Kind.NUMBER)
        assert objection(node, kind, written.strip(b'"')) is None


@pytest.mark.parametrize("day", [f"2021-{month:02}-{day:02}" for month in range(14) for day in range(33)])
def test_the_shortcut_takes_only_real_days(day):
    reader, text = readers(NEWEST.datasets["employees"].items)[b"from"][1], f'"{day}",'.encode()
    if reader.match(text):
        date.fromisoformat(day)


@pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version, one in VERSIONS.items() for name in one.datasets]
)
def test_ordinary_records_take_the_shortcut(version, name):
    node, records = VERSIONS[version].datasets[name], valid_document(version)[name]
    text = (
        json.dumps(records, ensure_ascii=False)
        .replace("120.0", "120")
        .replace("0.25", "1.5")
        .replace("7.25", "8")
        .replace("20.5", "9")
        .replace("{大}", "大")
        .encode()
    )
    found = run(node.items, whole_order(node.items)).match(text, 1)
    assert text[found.end() :] == b"]"
    assert found[0].count(b"{") == len(records)


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from(["employees", "leaves", "overtime", "clockings"]), st.integers(0, 3)), max_size=6
    ),
    st.booleans(),
)
def test_what_is_located_stands_there(wanted, spread):
    document = valid_document()
    for dataset in ("employees", "leaves", "overtime", "clockings"):
        document[dataset] *= 2
    text = json.dumps(document, ensure_ascii=False, indent=1 if spread else None)
    targets = [(dataset, index, field) for dataset, index in wanted for field in (None, *document[dataset][index])]
    places = locate(text.encode(), targets)
    assert set(places) == set(targets)
    lines = text.split("\n")
    for (dataset, index, field), (line, column) in places.items():
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        value, _ = json.JSONDecoder().raw_decode(rest)
        record = document[dataset][index]
        assert value == (record if field is None else record[field])
