"""A valid document, one change, exactly the expected finding, where it stands: for every rule on a document alone."""

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.bulk import ACROSS_SUBMISSIONS, CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.rule_set import all_rules
from tests.checks import format_changes
from tests.checks.record_changes import CHANGES
from tests.support.valid_documents import Shape, valid_documents

SOME = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def checked(data: bytes, context: CheckContext = format_changes.CONTEXT) -> CheckedDocument:
    return check_documents([SubmittedDocument(data)], context).documents[0]


def places(document: CheckedDocument) -> list[tuple]:
    return document.findings.select("rule", "dataset", "index", "field").rows()


def stand_there(found: CheckedDocument, text: str, document: dict) -> None:
    """Line and column of each finding are those of the value that its pointer leads to."""
    lines = text.split("\n")
    for row in found.findings.iter_rows(named=True):
        value = document
        for step in row["pointer"].split("/")[1:]:
            value = value[int(step) if isinstance(value, list) else step]
        written = json.dumps(value, ensure_ascii=False)
        assert lines[row["line"] - 1][row["column"] - 1 :].startswith(written), row


@SOME
@given(valid_documents(Shape()))
def test_nothing_is_found_in_a_valid_document(document):
    found = checked(json.dumps(document, ensure_ascii=False).encode())
    assert places(found) == []
    assert not found.refused
    assert {name: counts.entered for name, counts in found.counts.items()} == {
        name: len(document.get(name, [])) for name in ("employees", "shifts", "leaves", "overtime", "clockings")
    }


@pytest.mark.parametrize("rule", CHANGES)
@SOME
@given(data=st.data(), indent=st.sampled_from((None, 1)))
def test_one_change_of_a_record_finds_exactly_what_it_should(rule, data, indent):
    change = CHANGES[rule]
    document = deepcopy(data.draw(valid_documents(change.shape)))
    expected = change.deed(data.draw, document)
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    found = checked(text.encode())
    assert places(found) == expected
    stand_there(found, text, document)
    severities = {all_rules()[one].severity_in(document["month"]) for one, *_ in expected}
    assert set(found.findings["severity"]) == severities
    errors = {one for one, *_ in expected if all_rules()[one].severity_in(document["month"]) == "error"}
    refused = {(dataset, index) for one, dataset, index, _ in expected if one in errors}
    assert sum(counts.refused for counts in found.counts.values()) == len(refused)


@pytest.mark.parametrize("rule", format_changes.CHANGES)
@SOME
@given(data=st.data())
def test_one_change_of_the_format_finds_exactly_what_it_should(rule, data):
    document = deepcopy(data.draw(valid_documents(Shape())))
    handed = format_changes.CHANGES[rule](data.draw, document)
    (found,) = check_documents([handed.document], handed.context).documents
    assert found.findings.select("rule", "pointer").rows() == [(handed.rule, handed.pointer)]
    assert found.refused
    assert found.counts == {}


def test_there_is_a_change_for_every_rule_of_format():
    assert list(format_changes.CHANGES) == [rule for rule in all_rules() if rule.startswith("F")]


def test_there_is_a_change_for_every_rule_on_a_record():
    of_one_document = [rule for rule in all_rules() if not rule.startswith("F") and rule not in ACROSS_SUBMISSIONS]
    assert list(CHANGES) == of_one_document
