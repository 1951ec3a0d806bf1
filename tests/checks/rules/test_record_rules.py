"""Each record rule: what trips it, what just does not, and what leaves it out."""

import json
from datetime import date

import polars as pl
import pytest

from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.model.agency_kinds import Staffing
from checks.model.masking import mask_ids_in
from checks.rule_set import all_rules
from tests.checks.conftest import ALICE, BOB, STRANGER, clocking, employee, leave, overtime

BAD = "A123456788"
TRIP = {"leave_type": "05"}

#: dataset, the records, the findings expected as (rule, index, field)
CASES = {
    "R101 wrong check digit": ("clockings", [clocking("03T08:00", person_id=BAD)], [("R101", 0, "person_id")]),
    "R101 right, old resident form": ("employees", [employee(ALICE), employee("AC01234567")], []),
    "R101 right, new resident form": ("employees", [employee(ALICE), employee("A800000014")], []),
    "R101 lower case": ("employees", [employee(ALICE), employee("a123456789")], [("R101", 1, "person_id")]),
    "R101 empty": ("employees", [employee(ALICE), employee("")], [("R101", 1, "person_id")]),
    "R102 a stranger": ("clockings", [clocking("03T08:00", person_id=STRANGER)], [("R102", 0, "person_id")]),
    "R103 used twice": (
        "leaves",
        [leave("L", "03T08:00", "03T09:00"), leave("L", "04T08:00", "04T09:00"), leave("L", "07T08:00", "07T09:00")],
        [("R103", 1, "record_id"), ("R103", 2, "record_id")],
    ),
    "R103 differing by a blank": (
        "leaves",
        [leave("L", "03T08:00", "03T09:00"), leave("L ", "04T08:00", "04T09:00")],
        [],
    ),
    "R104 end at start": ("leaves", [leave("L", "03T08:00", "03T08:00")], [("R104", 0, "end")]),
    "R104 leaves out R105 and R106": (
        "leaves",
        [leave("L", "2021-08-03T08:00", "2021-08-01T08:00", 99)],
        [("R104", 0, "end")],
    ),
    "R104 a minute is enough": ("overtime", [overtime("O", "03T18:00", "03T18:01", 1)], []),
    "R105 the day after": ("leaves", [leave("L", "2021-07-01T00:00", "2021-07-01T08:00")], [("R105", 0, "start")]),
    "R105 ends as the month begins": (
        "leaves",
        [leave("L", "2021-05-31T08:00", "2021-06-01T00:00")],
        [("R105", 0, "start")],
    ),
    "R105 touches by a minute": ("overtime", [overtime("O", "2021-05-31T23:00", "2021-06-01T00:01")], []),
    "R105 a clocking of next month": ("clockings", [clocking("2021-07-01T00:00")], [("R105", 0, "at")]),
    "R105 the last second": ("clockings", [clocking("2021-06-30T23:59:59")], []),
    "R105 left before the month": (
        "employees",
        [employee(ALICE), employee(BOB, last="2021-05-31")],
        [("R105", 1, "from")],
    ),
    "R105 left on the first": ("employees", [employee(ALICE), employee(BOB, last="2021-06-01")], []),
    "R106 an hour more than the clock": ("leaves", [leave("L", "03T08:00", "03T17:00", 9.5)], [("R106", 0, "hours")]),
    "R106 by the hour: 20 minutes may be one": ("leaves", [leave("L", "03T08:00", "03T08:20", 1)], []),
    "R106 but not more": ("leaves", [leave("L", "03T08:00", "03T08:20", 1.01)], [("R106", 0, "hours")]),
    "R106 a 24-hour duty": ("leaves", [leave("L", "04T08:00", "05T08:00", 24)], []),
    "R106 overtime by the clock": ("overtime", [overtime("O", "03T18:00", "03T19:00", 61)], [("R106", 0, "minutes")]),
    "R107 no leading zero": (
        "leaves",
        [leave("L", "03T08:00", "03T09:00", leave_type="3")],
        [("R107", 0, "leave_type")],
    ),
    "R108 wellbeing in 2021": (
        "leaves",
        [leave("L", "03T08:00", "03T09:00", leave_type="28")],
        [("R108", 0, "leave_type")],
    ),
    "R109 the later start": (
        "leaves",
        [leave("B", "03T09:00", "03T11:00"), leave("A", "03T08:00", "03T09:30")],
        [("R109", 0, "start")],
    ),
    "R109 on a tie the later index": (
        "leaves",
        [leave("A", "03T08:00", "03T09:00"), leave("B", "03T08:00", "03T09:00")],
        [("R109", 1, "start")],
    ),
    "R109 end to end": ("leaves", [leave("A", "03T08:00", "03T09:00"), leave("B", "03T09:00", "03T10:00")], []),
    "R109 two persons": (
        "leaves",
        [leave("A", "08T08:00", "08T09:00"), leave("B", "08T08:00", "08T09:00", person_id=BOB)],
        [],
    ),
    "R109 a refused leave makes no other fail": (
        "leaves",
        [leave("A", "03T08:00", "03T10:00"), leave("B", "03T09:00", "03T12:00"), leave("C", "03T11:00", "03T13:00")],
        [("R109", 1, "start")],
    ),
    "R109 one refused for its type makes no other fail": (
        "leaves",
        [leave("A", "03T08:00", "03T10:00", leave_type="77"), leave("B", "03T09:00", "03T12:00")],
        [("R107", 0, "leave_type")],
    ),
    "R109 and another fault of the same leave": (
        "leaves",
        [leave("A", "03T08:00", "03T10:00"), leave("B", "03T09:00", "03T12:00", leave_type="77")],
        [("R107", 1, "leave_type"), ("R109", 1, "start")],
    ),
    "R109 a long one around a short one": (
        "leaves",
        [leave("A", "03T08:00", "10T17:00"), leave("B", "04T08:00", "04T09:00"), leave("C", "09T08:00", "09T09:00")],
        [("R109", 1, "start"), ("R109", 2, "start")],
    ),
    "R111 exported twice": (
        "clockings",
        [clocking("03T08:00"), clocking("03T08:00:00"), clocking("03T08:00", "out")],
        [("R111", 1, "at")],
    ),
    "R111 another second": ("clockings", [clocking("03T08:00"), clocking("03T08:00:01")], []),
    "R113 the later start": (
        "overtime",
        [overtime("A", "03T19:00", "03T20:00"), overtime("B", "03T18:00", "03T19:01")],
        [("R113", 0, "start")],
    ),
    "R113 end to end": ("overtime", [overtime("A", "03T19:00", "03T20:00"), overtime("B", "03T18:00", "03T19:00")], []),
    "R116 a year and a day": (
        "leaves",
        [leave("L", "03T08:00", "2022-06-04T08:01", 1), leave("K", "2022-07-01T08:00", "2022-07-01T09:00")],
        [("R116", 0, "end"), ("R105", 1, "start")],
    ),
    "R112 stretches that share a day": (
        "employees",
        [employee(ALICE, last="2021-06-10"), employee(ALICE, "2021-06-10")],
        [("R112", 1, "person_id")],
    ),
    "R112 stretches that do not": (
        "employees",
        [employee(ALICE, last="2021-06-09"), employee(ALICE, "2021-06-10")],
        [],
    ),
    "R112 listed twice": ("employees", [employee(ALICE), employee(BOB), employee(ALICE)], [("R112", 2, "person_id")]),
    "R112 not for a bad ID": (
        "employees",
        [employee(ALICE), employee(BAD), employee(BAD)],
        [("R101", 1, "person_id"), ("R101", 2, "person_id")],
    ),
}


def beside(dataset):
    """A record of another dataset that is let in: without any F014 would speak of all the others together."""
    if dataset == "overtime":
        return {"leaves": [leave("beside", "10T08:00", "10T09:00")]}
    return {"overtime": [overtime("beside", "10T18:00", "10T19:00")]}


@pytest.mark.parametrize("case", CASES)
def test_one_dataset(case, document, check):
    dataset, records, expected = CASES[case]
    checked = check(document(**beside(dataset), **{dataset: records}))
    errors = checked.findings.filter(severity="error")  # what else these records may be asked is the W rules' affair
    assert [tuple(row) for row in errors.select("rule", "index", "field").iter_rows()] == expected
    assert not checked.refused
    counts = checked.counts[dataset]
    refused = len({index for _, index, _ in expected})
    assert counts[:3] == (len(records), len(records) - refused, refused)


def test_a_refused_document_counts_nothing(document, check):
    checked = check(document(format_version="2.0"))
    assert checked.refused
    assert checked.counts == {}


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([leave("L", "03T08:00", "03T12:00", 4)], ["R110"]),
        ([leave("L", "03T08:00", "03T10:00", 2)], []),
        ([leave("L", "03T08:00", "03T12:00", 4, leave_type="06")], []),
        ([leave("L", "08T08:00", "08T12:00", 4, person_id=BOB)], []),
        ([leave("L", "03T08:00", "03T12:00", 4, leave_type="77")], ["R107"]),
        ([leave("L", "01T08:00", "30T12:00", 4), leave("K", "02T08:00", "02T09:00", 1)], ["R109", "R110"]),
    ],
    ids=["overlaps", "end to end", "official leave", "somebody else's", "a refused leave", "a long leave"],
)
def test_r110(leaves, expected, document, check):
    checked = check(document(leaves=leaves, overtime=[overtime("O", "03T10:00", "03T11:00")]))
    assert checked.findings["rule"].to_list() == expected


def test_findings_point_at_the_value_and_mask_the_person(document, check):
    data = json.dumps(document(clockings=[clocking("03T08:00", person_id=BAD)]), ensure_ascii=False, indent=1).encode()
    finding = check(data).findings.filter(rule="R101").row(0, named=True)
    line = data.decode().splitlines()[finding["line"] - 1]
    assert line[finding["column"] - 1 :].startswith(f'"{BAD}"')
    assert finding["pointer"] == "/clockings/0/person_id"
    assert finding["value"] == "A12****788"
    assert BAD not in str(finding)


def test_an_id_within_a_record_id_is_masked(document, check):
    checked = check(document(leaves=[leave(f"{ALICE}-1", "03T08:00", "03T08:00")]))
    assert checked.findings["record_id"].to_list() == ["A12****789-1"]


@pytest.mark.parametrize(
    "record_id",
    [
        "cd4df3de7867de563580db912345677a",
        "CD4DF3DE7867DE563580DB912345677A",
        "0f8fad5b-d9cb-469f-a165-7b1234567890",
    ],
)
def test_a_digest_that_happens_to_hold_what_looks_like_an_id_still_names_its_record(document, check, record_id):
    checked = check(document(leaves=[leave(record_id, "03T08:00", "03T08:00")]))
    assert checked.findings["record_id"].to_list() == [record_id]
    assert mask_ids_in(record_id) == record_id


def test_an_id_with_digits_to_the_length_of_a_digest_is_no_digest(document, check):
    written = f"{ALICE}2021060308302021060317"
    assert len(written) == 32
    checked = check(document(leaves=[leave(written, "03T08:00", "03T08:00")]))
    assert ALICE not in str(checked.findings.to_dicts())
    assert ALICE not in mask_ids_in(written)


def test_a_name_in_the_place_of_an_id_is_not_spelt(document, check):
    checked = check(document(leaves=[leave("L", "03T08:00", "03T09:00", person_id="王小明")]))
    assert set(checked.findings["value"]) == {"王****"}
    assert "小明" not in str(checked.findings.to_dicts())


def test_an_id_where_a_value_is_cut_is_masked(document, check):
    checked = check(document(leaves=[leave("L", "03T08:00", "03T09:00", leave_type=f"{'-' * 33}{ALICE}")]))
    assert checked.findings["value"].to_list() == [f"{'-' * 33}A12****"]


def test_an_id_in_full_width_characters_is_masked_too(document, check):
    written = "Ａ１２３４５６７８９"
    checked = check(document(leaves=[leave(f"假{written}", "03T08:00", "03T08:00", person_id=BAD)]))
    assert set(checked.findings["record_id"]) == {"假Ａ１２****７８９"}
    assert mask_ids_in(f"假{written}單") == "假Ａ１２****７８９單"


def test_what_directs_a_terminal_is_not_shown(document, check):
    odd = [
        leave("\x1b[2JL\u202e\ufeff1", "03T08:30", "03T08:30"),
        leave("L-2", "04T08:30", "04T17:30", 8, leave_type="0\u20281"),
        leave("L-3", "07T08:30", "07T17:30", 8, person_id="A123\n\n"),
    ]
    checked = check(document(leaves=odd))
    assert checked.findings["record_id"].to_list() == ["\ufffd[2JL\ufffd\ufffd1", "L-2", "L-3"]
    assert checked.findings.filter(rule="R107")["value"].to_list() == ["0\ufffd1"]
    assert checked.findings.filter(rule="R101")["value"].to_list() == ["A****\ufffd"]


def test_company_makes_no_difference(document, context):
    documents = [
        SubmittedDocument(json.dumps(document(**beside(dataset), **{dataset: records}), ensure_ascii=False).encode())
        for dataset, records, _ in CASES.values()
    ]
    together = check_documents(documents, context).documents
    alone = [check_documents([one], context).documents[0] for one in documents]
    for one, other in zip(together, alone, strict=True):
        assert one.findings.drop("person").equals(other.findings.drop("person"))  # numbered within the batch
        assert one.counts == other.counts


def test_what_is_entered(document, context):
    crossing = leave("L", "2021-05-28T08:00", "2021-06-02T17:00", 32)
    at_night = overtime("O", "2021-05-31T22:00", "2021-06-01T01:00", 180, person_id=BOB)
    data = json.dumps(document(leaves=[crossing], overtime=[at_night])).encode()
    entered = check_documents([SubmittedDocument(data)], context).entered
    assert entered["leaves"].select("hours", "hours_in_month").rows() == [(32.0, 16.0)]
    assert entered["overtime"].select("minutes", "minutes_in_month").rows() == [(180, 0)]
    assert entered["employees"]["payroll_from"].to_list() == [None, date(2021, 6, 7)]
    assert not {"name", "reason", "certificate", "person_id"} & {
        column for name, frame in entered.items() if name != "persons" for column in frame.columns
    }


def test_identity(document):
    class Register:
        def staffing(self, agency_code: str, month: str) -> Staffing:
            return Staffing()

        def in_force(self, agency_code: str, month: str) -> bool | None:
            return {"376500000A": month >= "2021-06"}.get(agency_code)

    context = CheckContext(today=date(2021, 7, 5), agencies=Register())

    def rules(asked_agency=None, asked_month=None, **changes):
        data = json.dumps(document(**changes), indent=1).encode()
        checked = check_documents([SubmittedDocument(data, asked_agency, asked_month)], context).documents[0]
        assert checked.findings["line"].null_count() == 0
        return checked.findings["rule"].to_list()

    assert rules() == []
    assert rules("376500000A", "2021-06") == []
    assert rules("376500001A") == ["F010"]
    assert rules(asked_month="2021-05") == ["F010"]
    assert rules(agency_code="376500009A") == ["F011"]
    assert rules(month="2021-05", employees=[], overtime=[]) == ["F011"]
    assert rules(month="2021-08", employees=[], overtime=[]) == ["F012"]
    assert rules(month="2021-07", employees=[], overtime=[]) == []
    assert rules(month="2020-12", employees=[], overtime=[]) == ["F012", "F011"]


def test_every_rule_is_told_in_both_languages():
    for rule in all_rules().values():
        assert all((rule.title, rule.title_en, rule.message, rule.message_en, rule.why)), rule.id


def test_zero_records_is_a_valid_submission(document, check):
    checked = check(document(employees=[], leaves=[], overtime=[], clockings=[]))
    assert checked.findings.is_empty()
    assert not checked.refused
    assert isinstance(checked.findings, pl.DataFrame)
