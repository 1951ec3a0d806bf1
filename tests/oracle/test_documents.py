"""Findings and counts of random months are the oracle's, whatever else is in the batch."""

import json
from collections import Counter
from datetime import date
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.bulk import ACROSS_SUBMISSIONS, BatchResult, CheckedDocument, check_documents
from checks.closures import SCHEMA, Closures
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.rule_set import all_rules
from tests.oracle.one_document import Judgement
from tests.oracle.random_months import random_document
from tests.oracle.tables import Closed, Document, Found

#: With seven documents a batch on average, a few hundred of them.
EXAMPLES = 60


def _context(closed: Closed) -> CheckContext:
    rows = [(agency, day, hours) for (agency, day), hours in closed.items()]
    return CheckContext(today=date(2026, 11, 23), closures=Closures(pl.DataFrame(rows, schema=SCHEMA, orient="row")))


def _check(documents: list[Document], closed: Closed) -> BatchResult:
    data = [SubmittedDocument(json.dumps(one, ensure_ascii=False).encode()) for one in documents]
    return check_documents(data, _context(closed))


def _found(checked: CheckedDocument) -> list[Found]:
    return [Found(*row) for row in checked.findings.select(Found._fields).iter_rows()]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), together=st.integers(1, 13))
def test_random_months_are_judged_as_the_oracle_judges_them(seed, together):
    drawn = [random_document(Random(seed + number)) for number in range(together)]
    closed = {place: hours for _, some in drawn for place, hours in some.items()}
    result = _check([document for document, _ in drawn], closed)
    judged = [Judgement(document, closed) for document, _ in drawn]
    for checked, one in zip(result.documents, judged, strict=True):
        assert not checked.refused
        assert _found(checked) == one.found
        assert {name: tuple(counts) for name, counts in checked.counts.items()} == one.counts
    assert _entered(result, "leaves", "hours_in_month") == [
        (number, index, pytest.approx(one.hours_in_month(leave)))
        for number, one in enumerate(judged)
        for index, leave in one.let_in["leaves"]
    ]
    assert _entered(result, "overtime", "minutes_in_month") == [
        (number, index, overtime["minutes"] if overtime["start"].startswith(one.month) else 0)
        for number, one in enumerate(judged)
        for index, overtime in one.let_in["overtime"]
    ]


def _entered(result: BatchResult, dataset: str, column: str) -> list[tuple[int, int, float]]:
    """Document, index and a column of the records let in."""
    return result.entered[dataset].select("document", "record_index", column).sort("document", "record_index").rows()


def test_the_random_months_hold_what_every_rule_is_about():
    """The comparison is worth what comes up in it: every rule often, and in documents without a slip too."""
    judged = [Judgement(*random_document(Random(seed))) for seed in range(150)]
    found = Counter(one.rule for each in judged for one in each.found)
    of_one_document = [rule for rule in all_rules() if not rule.startswith("F") and rule not in ACROSS_SUBMISSIONS]
    assert [rule for rule in of_one_document if found[rule] < 5] == []
    assert sum(all(one.severity == "warning" for one in each.found) for each in judged) > 10
