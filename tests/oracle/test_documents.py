"""Findings and counts of random months are the oracle's, whatever else is in the batch."""

import json
from collections import Counter
from datetime import date
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.bulk import ACROSS_SUBMISSIONS, BatchResult, CheckedDocument, check_documents
from checks.closures import SCHEMA, Closures
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.model.agency_kinds import Staffing
from checks.rule_set import all_rules
from tests.oracle.one_document import Judgement
from tests.oracle.random_months import STATED, random_document
from tests.oracle.tables import DATASETS, Closed, Document, Found

#: With seven documents a batch on average, a few hundred of them.
EXAMPLES = 45


class _Register:
    """A register that has every agency, and states of some what staff they have."""

    def in_force(self, agency_code: str, month: str) -> bool:
        return True

    def staffing(self, agency_code: str, month: str) -> Staffing:
        return Staffing(*STATED.get(agency_code, ()))


def _context(closed: Closed) -> CheckContext:
    rows = [(agency, day, hours) for (agency, day), hours in closed.items()]
    return CheckContext(
        today=date(2027, 11, 23),
        agencies=_Register(),
        closures=Closures(pl.DataFrame(rows, schema=SCHEMA, orient="row")),
    )


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
    judged = [Judgement(document, closed, STATED) for document, _ in drawn]
    for checked, one in zip(result.documents, judged, strict=True):
        assert _found(checked) == one.found
        assert checked.refused == (one.whole_refused is not None)
        assert {name: tuple(counts) for name, counts in checked.counts.items()} == one.counts
        assert checked.unlisted == one.unlisted
    for dataset in DATASETS:
        assert _entered(result, dataset) == [
            {"document": number, "record_index": index, **_approximately(stored)}
            for number, one in enumerate(judged)
            for index, stored in one.entered(dataset)
        ]


def _entered(result: BatchResult, dataset: str) -> list[dict[str, Any]]:
    """The records let in as they are stored, by document and index."""
    return result.entered[dataset].sort("document", "record_index").drop("person").to_dicts()


def _approximately(stored: dict[str, Any]) -> dict[str, Any]:
    """A share of a month's hours is the same to a rounding."""
    return {name: pytest.approx(value) if name == "hours_in_month" else value for name, value in stored.items()}


def test_the_random_months_hold_what_every_rule_is_about():
    """The comparison is worth what comes up in it: every rule often, and in documents without a slip too."""
    judged = [Judgement(*random_document(Random(seed)), STATED) for seed in range(150)]
    found = Counter(one.rule for each in judged for one in each.found)
    of_format = {f"F{number:03}" for number in range(1, 13)}
    of_one_document = [rule for rule in all_rules() if rule not in {*of_format, *ACROSS_SUBMISSIONS}]
    assert [rule for rule in of_one_document if found[rule] < 5] == []
    assert sum(all(one.severity == "warning" for one in each.found) for each in judged) > 10
