"""F009, and what keeps the scan's memory and time within bounds."""

import json
import random
import tracemalloc
from collections import Counter

import pytest

from checks.format.faults import KEPT
from checks.format.scanner import scan
from checks.limits import Limits


def test_size_of_the_document(scanned, document):
    size = len(json.dumps(document, ensure_ascii=False).encode())
    assert scanned(document, max_bytes=size).findings == []
    found = scanned(document, max_bytes=size - 1)
    (finding,) = found.findings
    assert (finding.rule, finding.line, finding.expected) == ("F009", None, f"{size - 1:,} bytes")
    assert (found.agency_code, found.month, found.complete) == ("376500000A", "2021-06", False)


def test_depth(scanned, document):
    assert scanned(document, max_depth=3).findings == []
    (finding,) = scanned(document, max_depth=1).findings
    assert (finding.rule, finding.pointer) == ("F009", "/produced_by")
    for depth, rules in ((15, ["F006"]), (16, ["F006", "F009"])):
        document["x"] = json.loads("[" * depth + "]" * depth)
        assert [finding.rule for finding in scanned(document, max_depth=16).findings] == rules


def test_nesting_without_end_is_survived():
    for opening in (b"[", b'{"a":', b'[{"":'):
        found = scan(opening * 1_000_000, Limits())
        assert found.findings[-1].rule == "F009"
        assert not found.complete


def test_records_in_an_array(scanned, document):
    document["clockings"] *= 50
    assert scanned(document, max_records=100).findings == []
    text = json.dumps(document, indent=1)
    (finding,) = scanned(text, max_records=99).findings
    assert (finding.rule, finding.pointer, finding.expected) == ("F009", "/clockings/99", "99")
    last = text.rindex('{\n   "person_id"', 0, text.index('"shifts"'))
    assert finding.line == text.count("\n", 0, last) + 1
    document["clockings"] = [{**record, "at": "x"} for record in document["clockings"]]
    found = scanned(document, max_records=99)
    assert (found.findings[-1].pointer, found.total) == ("/clockings/99", 100)


def test_the_total_is_true_where_findings_are_capped(scanned, document):
    document["clockings"] = [{"person_id": "A123456789", "at": "?", "kind": "?", "more": 1}] * KEPT
    del document["month"]
    text = json.dumps(document)
    assert len(scanned(text.replace(": 1}", ": 1}" + " " * 100)).findings) == KEPT + 1
    found = scanned(text)
    assert found.total == 3 * KEPT + 1
    assert found.by_rule == {"F005": 1, "F006": KEPT, "F008": 2 * KEPT}
    # Of a document of faults alone no more than there are hundreds of bytes.
    assert len(found.findings) == len(text) // 100 + 1
    assert found.findings[0].pointer == "/month"
    cut = scanned(text[:-1])
    assert cut.findings[-1].rule == "F002"
    assert cut.total == 3 * KEPT + 1  # without the month, which only the document's end would say; with the F002


JUNK = (
    "{}",
    "{ }",
    "[]",
    "[\n]",
    "null",
    "true",
    "0",
    "-1.5e3",
    '"x"',
    '{"a":1}',
    "[1]",
    '{"a":"}"}',
    '{"hours":8,"hours":"{"}',
)


@pytest.mark.parametrize("separator", [",", " , ", ",\n"])
def test_what_is_passed_over_is_counted_as_if_it_were_read(scanned, document, separator):
    """Beyond the findings that are kept elements are only counted, and those that come again are not read again."""

    def by_rule(elements):
        document["leaves"] = []
        text = json.dumps(document)
        found = scanned(text.replace('"leaves": []', f'"leaves": [{separator.join(elements)}]'))
        assert Counter(one.rule for one in found.findings) + Counter(found.unlisted) == Counter(found.by_rule)
        return Counter(found.by_rule)

    enough = ["1"] * 1000
    for seed in range(20):
        some = random.Random(seed).choices(JUNK, k=60)
        each = (by_rule([one]) - by_rule([]) for one in some)
        assert by_rule([*enough, *some]) == sum(each, by_rule(enough))


def test_what_is_passed_over_still_ends_at_the_limit_and_at_faults_of_syntax(scanned, document):
    document["leaves"] = []
    text = json.dumps(document)
    many = ",".join(["{}"] * 2000)
    last = scanned(text.replace('"leaves": []', f'"leaves": [{many}]'), max_records=1500).findings[-1]
    assert (last.rule, last.pointer) == ("F009", "/leaves/1500")
    for wrong in ("{},]", "{} {}]", "{},nul]", "01]", "{},{]"):
        cut = scanned(text.replace('"leaves": []', f'"leaves": [{many},{wrong}'))
        assert (cut.findings[-1].rule, cut.complete) == ("F002", False), wrong


def test_memory_is_bounded_however_many_the_faults(document):
    document["clockings"] = [{"person_id": "A123456789", "at": "?", "kind": "?"}] * 12_000
    document["leaves"] = [{**document["leaves"][1], "reason": "病" * 300, f"x{number}": 1} for number in range(1_000)]
    data = json.dumps(document, ensure_ascii=False).encode()
    tracemalloc.start()
    try:
        scan(data, Limits())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Ten thousand findings of some 2.5 KB; a tree of the document would be several times this.
    assert peak < 45_000_000


def test_a_huge_value_is_neither_decoded_nor_shown(scanned, document):
    document["month"] = "月" * 3_000_000
    document["leaves"][0]["leave_type"] = "\\" * 1_000_000
    document["x" * 1_000_000] = 1
    found = scanned(document)
    assert [finding.rule for finding in found.findings] == ["F008", "F006"]
    assert max(len(repr(finding)) for finding in found.findings) < 1_500
