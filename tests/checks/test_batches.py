"""A document's result does not depend on the batch: neither findings nor the records entered, however it is written."""

import copy
import json
from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from tests.checks.conftest import ALICE, VALID, clocking, leave

CONTEXT = CheckContext(today=date(2021, 7, 10))

#: How systems write the same document: on one line; indented; with a number that Arrow does not take, so that the
#: scanner has to excuse it; with a byte order mark; not JSON at all.
WAYS = {
    "one line": lambda said: json.dumps(said).encode(),
    "indented": lambda said: json.dumps(said, indent=1).encode(),
    "exponent": lambda said: json.dumps(said).replace('"hours": 8', '"hours": 8e0').encode(),
    "marked": lambda said: b"\xef\xbb\xbf" + json.dumps(said).encode(),
    "refused": lambda said: json.dumps({**said, "more": 1}).encode(),
    "noise": lambda _: b"noise",
}


def written(number: int, way: str) -> SubmittedDocument:
    """The `number`-th agency's document, unlike every other's."""
    said = copy.deepcopy(VALID)
    said["agency_code"] = f"3765{number:05}A"
    said["leaves"] = [leave(f"L-{number}-{n}", f"{n + 1:02}T08:30", f"{n + 1:02}T17:30", 8) for n in range(number % 3)]
    said["leaves"] += [leave(f"B-{number}", "20T08:30", "20T17:30", 8, person_id=VALID["employees"][1]["person_id"])]
    said["clockings"] = [clocking(f"{day:02}T08:{number:02}") for day in range(1, 5 + number % 4)]
    return SubmittedDocument(WAYS[way](said))


def parts(entered: dict[str, pl.DataFrame], document: int) -> dict[str, list[tuple[object, ...]]]:
    """What one document of a batch enters, with the national ID in place of the batch's number of the person."""
    ids = entered["persons"].select("person_id").with_row_index("person")
    return {
        name: frame.filter(pl.col("document") == document).join(ids, on="person").drop("document", "person").rows()
        for name, frame in entered.items()
        if name != "persons"
    }


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(sorted(WAYS)), min_size=1, max_size=12))
def test_a_batch_enters_what_its_documents_enter_alone(ways):
    documents = [written(number, way) for number, way in enumerate(ways)]
    together = check_documents(documents, CONTEXT)
    for frame in together.entered.values():
        assert "document" not in frame.columns or frame["document"].is_sorted()
    for number, document in enumerate(documents):
        alone = check_documents([document], CONTEXT)
        assert parts(together.entered, number) == parts(alone.entered, 0)
        assert together.documents[number].counts == alone.documents[0].counts
        found, expected = together.documents[number].findings, alone.documents[0].findings
        assert found.drop("person").equals(expected.drop("person"))
    assert ALICE in together.entered["persons"]["person_id"].to_list() or not set(ways) - {"refused", "noise"}
