"""F003–F008: one change of a valid document gives exactly the finding that it should."""

import copy
import json
import re

import pytest

from checks.format.versions import NEWEST
from tests.checks.format.conftest import valid_document

GONE = object()


def changed(path: tuple, value: object) -> dict:
    document = valid_document()
    *way, last = path
    inner = document
    for step in way:
        inner = inner[step]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return document


def pointer(path: tuple) -> str:
    return "".join(f"/{step}" for step in path)


def test_a_valid_document_has_no_findings(scanned, document):
    for text in (
        json.dumps(document),
        json.dumps(document, indent=2, ensure_ascii=False),
        json.dumps(document).replace(" ", "\r\n\t "),
    ):
        found = scanned(text)
        assert found.findings == []
        assert found.complete
        assert (found.agency_code, found.month, found.system, found.version, found.produced_at) == (
            "376500000A",
            "2021-06",
            "WebITR",
            "2.4.1",
            "2021-07-05T09:12:00+08:00",
        )
    assert scanned(b"\xef\xbb\xbf" + json.dumps(document).encode()).findings == []


def test_empty_arrays_are_nothing_to_report(scanned, document):
    for dataset in ("employees", "leaves", "overtime", "clockings"):
        document[dataset] = []
    assert scanned(document).findings == []


@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, reverse=True), list])
def test_properties_may_stand_in_any_order(scanned, document, order):
    for dataset in ("employees", "leaves", "overtime", "clockings"):
        document[dataset] = [{name: record[name] for name in order(record)} for record in document[dataset] * 5]
    assert scanned({name: document[name] for name in order(document)}).findings == []
    document["clockings"][7]["kind"] = "IN"
    found = scanned({name: document[name] for name in order(document)})
    assert [finding.pointer for finding in found.findings] == ["/clockings/7/kind"]


#: Path, value, rule, what is shown of the value.
WRONG = [
    (("format_version",), "1.2", "F004", "1.2"),
    (("format_version",), 1.0, "F007", "1.0"),
    (("agency_code",), "376500000a", "F008", "376500000a"),
    (("agency_code",), "376500000", "F008", "376500000"),
    (("agency_code",), None, "F007", "null"),
    (("month",), "2021-13", "F008", "2021-13"),
    (("month",), "2021-6", "F008", "2021-6"),
    (("month",), "２０２１-06", "F008", "２０２１-06"),
    (("month",), "0000-01", "F008", "0000-01"),
    (("month",), "2021-06\n", "F008", "2021-06\ufffd"),
    (("produced_by",), "WebITR", "F007", "WebITR"),
    (("produced_by", "system"), "", "F008", ""),
    (("produced_by", "system"), "系" * 41, "F008", "系" * 39 + "…"),
    (("produced_by", "version"), 2, "F007", "2"),
    (("produced_at",), "2021-07-05T09:12:00", "F008", "2021-07-05T09:12:00"),
    (("produced_at",), "2021-07-05 09:12:00+08:00", "F008", "2021-07-05 09:12:00+08:00"),
    (("produced_at",), "2021-02-29T09:12:00Z", "F008", "2021-02-29T09:12:00Z"),
    (("produced_at",), "2021-07-05T09:12:00+24:00", "F008", "2021-07-05T09:12:00+24:00"),
    (("leaves",), {}, "F007", "object"),
    (("leaves",), None, "F007", "null"),
    (("leaves", 1), [], "F007", "array"),
    (("leaves", 1), None, "F007", "null"),
    (("employees", 0, "employment_type"), "Teacher", "F008", "Teacher"),
    (("employees", 0, "employment_type"), "王小明", "F008", "王****"),  # columns that have slipped
    (("employees", 0, "from"), "2021-02-29", "F008", "2021-02-29"),
    (("employees", 0, "to"), "王小明", "F008", "王****"),
    (("employees", 0, "from"), "", "F008", ""),
    (("employees", 0, "to"), 20210630, "F007", "20210630"),
    (("employees", 0, "name"), None, "F007", None),
    (("employees", 0, "person_id"), None, "F007", "null"),
    (("employees", 0, "person_id"), 1234567890, "F007", "123****890"),
    (("leaves", 1, "record_id"), "x" * 41, "F008", "x" * 39 + "…"),
    (("leaves", 1, "leave_type"), 3, "F007", "3"),
    (("leaves", 1, "start"), "2021-06-03 08:30", "F008", "2021-06-03 08:30"),
    (("leaves", 1, "start"), "2021-06-03T24:00", "F008", "2021-06-03T24:00"),
    (("leaves", 1, "start"), "2021-06-03T23:59:60", "F008", "2021-06-03T23:59:60"),
    (("leaves", 1, "start"), " 021-06-03T08:30", "F008", " 021-06-03T08:30"),
    (("leaves", 1, "end"), "2021-06-31T08:30", "F008", "2021-06-31T08:30"),
    (("leaves", 1, "end"), "2021-02-29T08:30", "F008", "2021-02-29T08:30"),
    (("leaves", 1, "hours"), 0, "F008", "0"),
    (("leaves", 1, "hours"), -1, "F008", "-1"),
    (("leaves", 1, "hours"), 8784.5, "F008", "8784.5"),
    (("leaves", 1, "hours"), 0.125, "F008", "0.125"),
    (("leaves", 1, "hours"), "8", "F007", "8"),
    (("leaves", 1, "hours"), True, "F007", "true"),
    (("leaves", 1, "certificate"), "false", "F007", None),
    (("leaves", 1, "reason"), "病" * 201, "F008", None),
    (("leaves", 1, "reason"), ["病"], "F007", None),
    (("overtime", 1, "minutes"), 0, "F008", "0"),
    (("overtime", 1, "minutes"), 2881, "F008", "2881"),
    (("overtime", 1, "minutes"), 120.5, "F007", "120.5"),
    (("overtime", 1, "compensation"), "cash", "F008", "cash"),
    (("clockings", 1, "kind"), "IN", "F008", "IN"),
    (("clockings", 1, "kind"), {"a": [1]}, "F007", "object"),
]


@pytest.mark.parametrize(("path", "value", "rule", "shown"), WRONG)
def test_a_wrong_value_is_the_only_finding(scanned, path, value, rule, shown):
    document = changed(path, value)
    text = json.dumps(document, ensure_ascii=False, indent=1)
    (finding,) = scanned(text).findings
    assert (finding.rule, finding.pointer, finding.value) == (rule, pointer(path), shown)
    assert finding.dataset == (path[0] if path[0] in {"employees", "leaves", "overtime", "clockings"} else None)
    assert finding.index == (path[1] if finding.dataset and len(path) > 1 else None)
    assert finding.field == (".".join(map(str, path[2:] if finding.dataset else path)) or None)
    named = finding.dataset in {"leaves", "overtime"} and len(path) == 3 and path[2] != "record_id"
    assert finding.record_id == (document[path[0]][path[1]]["record_id"] if named else None)
    line = text.split("\n")[finding.line - 1]
    written = json.dumps(value, ensure_ascii=False).removesuffix("}").removesuffix("]")
    assert line[finding.column - 1 :].startswith(written[:1] if isinstance(value, dict | list) else written)
    assert finding.expected
    assert not re.search(r"\{[a-z]", finding.message + finding.message_en)


#: Written so in JSON: path, JSON text, expected rule or None.
WRITTEN = [
    (("leaves", 1, "hours"), "8.0", None),
    (("leaves", 1, "hours"), "80e-1", None),
    (("leaves", 1, "hours"), "8784", None),
    (("leaves", 1, "hours"), "1e400", "F008"),
    (("leaves", 1, "hours"), "1e-400", "F008"),
    (("leaves", 1, "hours"), "-0", "F008"),
    (("overtime", 1, "minutes"), "1.2E2", None),
    (("overtime", 1, "minutes"), "1e999", "F008"),
    (("clockings", 1, "kind"), '"\\u0069n"', None),
    (("employees", 1, "name"), '"\\ud83d\\ude00"', None),
    (("employees", 1, "name"), '"\\ud83d"', "F008"),
    (("employees", 1, "name"), '"\\ude00\\ud83d"', "F008"),
    (("employees", 1, "name"), '"\\\\ud83d"', None),
    (("employees", 1, "name"), '""', None),
    (("leaves", 1, "reason"), '"' + "\\ud83d\\ude00" * 200 + '"', None),
    (("leaves", 1, "reason"), '"' + "\\ud83d\\ude00" * 201 + '"', "F008"),
    (("produced_at",), '"2021-07-05t01:12:00.123456789z"', None),
]


@pytest.mark.parametrize(("path", "written", "rule"), WRITTEN)
def test_ways_of_writing(scanned, path, written, rule):
    text = json.dumps(changed(path, "@@")).replace('"@@"', written)
    assert [finding.rule for finding in scanned(text).findings] == ([rule] if rule else [])


def properties() -> list[tuple]:
    found = []
    for node in NEWEST.document.properties:
        found.append(((node.name,), node))
        if node.items:
            found += [((node.name, 1, child.name), child) for child in node.items.properties]
        found += [((node.name, child.name), child) for child in node.properties]
    return found


@pytest.mark.parametrize(("path", "node"), properties())
def test_a_missing_property(scanned, path, node):
    found = scanned(changed(path, GONE)).findings
    if node.nullable:
        assert found == []
        return
    (finding,) = found
    assert (finding.rule, finding.pointer, finding.value) == ("F005", pointer(path), None)
    assert finding.field == (path[-1] if len(path) == 3 else None if node.items else ".".join(path))


@pytest.mark.parametrize("where", [(), ("produced_by",), ("employees", 1), ("clockings", 0)])
@pytest.mark.parametrize("name", ["Name", "a/b~c", "王", "", "A123456789"])
def test_an_unknown_property_is_named_and_its_value_never_shown(scanned, where, name):
    (finding,) = scanned(changed((*where, name), {"secret": ["王小明"]})).findings
    shown = name.replace("A123456789", "A12****789")
    assert finding.rule == "F006"
    assert finding.pointer == pointer(where) + "/" + shown.replace("~", "~0").replace("/", "~1")
    assert finding.value is None
    assert "小明" not in repr(finding)
    assert "secret" not in repr(finding)


@pytest.mark.parametrize(("path", "node"), properties())
@pytest.mark.parametrize("escaped", [False, True])
def test_a_property_given_twice(scanned, path, node, escaped):
    text = json.dumps(changed(path, "@@"), indent=1)
    value = json.dumps(copy.deepcopy(valid_document())[path[0]] if len(path) == 1 else _value(path))
    again = f'"\\u{ord(path[-1][0]):04x}{path[-1][1:]}"' if escaped else f'"{path[-1]}"'
    text = text.replace('"@@"', f"{value},\n{again}: {value}")
    (finding,) = scanned(text).findings
    assert (finding.rule, finding.pointer) == ("F003", pointer(path))
    assert text.split("\n")[finding.line - 1][finding.column - 1 :].startswith(again)


def _value(path: tuple) -> object:
    value = valid_document()
    for step in path:
        value = value[step]
    return value


def test_all_faults_in_one_go_in_document_order(scanned, document):
    document["format_version"] = "2"
    document["leaves"][0]["hours"] = "8"
    del document["leaves"][0]["end"]
    document["leaves"][0]["extra"] = 1
    document["clockings"][1]["kind"] = 7
    del document["month"]
    found = scanned(json.dumps(document, indent=1))
    assert [(finding.rule, finding.pointer) for finding in found.findings] == [
        ("F005", "/month"),
        ("F004", "/format_version"),
        ("F005", "/leaves/0/end"),
        ("F007", "/leaves/0/hours"),
        ("F006", "/leaves/0/extra"),
        ("F007", "/clockings/1/kind"),
    ]
    assert found.total == 6
    places = [(finding.line, finding.column) for finding in found.findings]
    assert places == sorted(places)
    assert {finding.record_id for finding in found.findings if finding.dataset == "leaves"} == {"L-0001"}
    assert (found.agency_code, found.month) == ("376500000A", None)


@pytest.mark.parametrize("value", [[], [[]], 1, "x", None, [{"format_version": "1.0"}]])
def test_a_document_that_is_no_object(scanned, value):
    (finding,) = scanned(json.dumps(value)).findings
    assert (finding.rule, finding.pointer, finding.line, finding.column) == ("F007", "", 1, 1)


def test_doubled_names_within_what_is_unknown(scanned, document):
    text = json.dumps(document)[:-1] + ', "x": [{"a": {"b": 1, "b": 2}}]}'
    assert [(finding.rule, finding.pointer) for finding in scanned(text).findings] == [
        ("F006", "/x"),
        ("F003", "/x/0/a/b"),
    ]


def test_places_of_what_tells_whose_document_it_is(scanned, document):
    text = json.dumps(document, indent=1)
    for name, (line, column) in scanned(text).places.items():
        value = document.get(name) or document["produced_by"][name]
        assert text.split("\n")[line - 1][column - 1 :].startswith(f'"{value}"')
    assert set(scanned(text).places) == {"format_version", "agency_code", "month", "system", "version", "produced_at"}


def test_ids_are_masked_wherever_they_stand(scanned, document):
    secret = "A123456789"
    document["leaves"][0] |= {"record_id": secret, "leave_type": 1, "start": secret, "reason": [secret]}
    document["agency_code"] = secret + "x"
    document["clockings"][0] |= {"kind": "x" * 35 + secret, "person_id": [secret]}
    document["employees"][0][f"for {secret}"] = secret
    document["employees"][1]["name"] = {secret: secret}
    document[secret] = secret
    found = scanned(document)
    assert found.total == 9
    assert "23456" not in repr(found.findings)
    assert "A12****789" in repr(found.findings)
