"""F002: the first syntax fault, where it is and why, for every kind of malformed JSON that we name."""

import json

import pytest

from checks.format import messages

#: Document, line, column, reason.
MALFORMED = [
    ("", 1, 1, "empty"),
    (" \n ", 2, 2, "empty"),
    ("\ufeff", 1, 1, "empty"),
    ("{", 1, 2, "truncated"),
    ('{"month"', 1, 9, "truncated"),
    ('{"month":', 1, 10, "truncated"),
    ('{"month": "2021-06"', 1, 20, "truncated"),
    ('{"leaves": [', 1, 13, "truncated"),
    ('{"leaves": [1,', 1, 15, "truncated"),
    ('{"leaves": []', 1, 14, "truncated"),
    ('{"month": -', 1, 11, "truncated"),
    ("{} {}", 1, 4, "trailing"),
    ("{}\n\nx", 3, 1, "trailing"),
    ("{}\x00", 1, 3, "trailing"),
    ('{"month": 1,}', 1, 12, "trailing_comma"),
    ('{\n "leaves": [\n  1,\n ]\n}', 3, 4, "trailing_comma"),
    ('{"a": 1 "b": 2}', 1, 9, "missing_comma"),
    ('{"leaves": [{} {}]}', 1, 16, "missing_comma"),
    ('{"a" 1}', 1, 6, "missing_colon"),
    ('{"a"}', 1, 5, "missing_colon"),
    ('{"a": }', 1, 7, "missing_value"),
    ('{"a": [,1]}', 1, 8, "missing_value"),
    ('{"a": [1,,2]}', 1, 10, "missing_value"),
    ("{,}", 1, 2, "missing_key"),
    ('{"a": 1,, "b": 2}', 1, 9, "missing_key"),
    ("{month: 1}", 1, 2, "missing_key"),
    ("{1: 1}", 1, 2, "missing_key"),
    ('{"a": [1}', 1, 9, "bracket"),
    ('{"a": 1]', 1, 8, "bracket"),
    ("{'a': 1}", 1, 2, "single_quote"),
    ("{\"a\": 'b'}", 1, 7, "single_quote"),
    ("{// no\n}", 1, 2, "comment"),
    ('{"a": 1 /* no */}', 1, 9, "comment"),
    ('{"a": # no\n1}', 1, 7, "comment"),
    ('{"a": NaN}', 1, 7, "not_finite"),
    ('{"a": -Infinity}', 1, 7, "not_finite"),
    ('{"a": Infinity}', 1, 7, "not_finite"),
    ('{"a": 08}', 1, 7, "number"),
    ('{"a": 8.}', 1, 7, "number"),
    ('{"a": .5}', 1, 7, "number"),
    ('{"a": +1}', 1, 7, "number"),
    ('{"a": 1e}', 1, 7, "number"),
    ('{"a": 0x1F}', 1, 7, "number"),
    ('{"a": --1}', 1, 7, "number"),
    ('{"a": 1_000}', 1, 8, "unexpected"),
    ('{"a": True}', 1, 7, "word"),
    ('{"a": nul}', 1, 7, "word"),
    ('{"a": trueish}', 1, 7, "word"),
    ('{"a": "x\ty"}', 1, 9, "control"),
    ('{"a": "王\x00"}', 1, 9, "control"),
    ('{"a": "x\ny"}', 1, 9, "line_break"),
    ('{"a": "x\\q"}', 1, 9, "escape"),
    ('{"a": "\\u12G4"}', 1, 8, "escape"),
    ('{"a\\x": 1}', 1, 4, "escape"),
    ('{"a": "x', 1, 7, "unterminated"),
    ('{"a": "x\\', 1, 7, "unterminated"),
    ('{"a": "x\\u12', 1, 7, "unterminated"),
    ('{"a": 1; "b": 2}', 1, 8, "unexpected"),
    ('{"a": 1 : 2}', 1, 9, "unexpected"),
    ('{"王小明": @}', 1, 9, "unexpected"),
    ('{"a"：1}', 1, 5, "missing_colon"),
    ("{“a”: 1}", 1, 2, "wide_mark"),
    ('{"a": \x01}', 1, 7, "character"),
    ('\ufeff{"王": 1,}', 1, 8, "trailing_comma"),
]


@pytest.mark.parametrize(("text", "line", "column", "reason"), MALFORMED)
def test_first_fault_is_located_and_explained(scanned, text, line, column, reason):
    found = scanned(text)
    fault = found.findings[-1]
    assert (fault.rule, fault.line, fault.column) == ("F002", line, column)
    assert messages.REASONS[reason].zh.split("{")[0] in fault.message
    assert messages.REASONS[reason].en.split("{")[0] in fault.message_en
    assert not found.complete
    assert [finding.rule for finding in found.findings].count("F002") == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse)


def _refuse(constant):
    raise json.JSONDecodeError(constant, "", 0)


def test_every_reason_of_f002_is_in_the_table():
    names = list(messages.REASONS)
    of_f002 = set(names[names.index("empty") : names.index("found_string")])
    assert {reason for *_, reason in MALFORMED} == of_f002


@pytest.mark.parametrize("kept", [0.1, 0.2, 0.5, 0.8, 0.999])
def test_a_document_cut_short_keeps_its_identity_and_its_faults_so_far(scanned, document, kept):
    document["employees"][0]["employment_type"] = "boss"
    text = json.dumps(document)
    found = scanned(text[: int(len(text) * kept)])
    assert found.findings[-1].rule == "F002"
    assert ("F008" in [finding.rule for finding in found.findings]) == (kept > 0.15)
    assert found.agency_code == document["agency_code"]


def test_no_text_of_the_document_is_shown_at_a_syntax_fault(scanned):
    fault = scanned('{"name": 王小明 A123456789}').findings[-1]
    assert fault.value is None
    assert "王" not in fault.message
    assert "A123" not in fault.message_en
