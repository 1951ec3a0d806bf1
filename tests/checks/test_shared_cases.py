"""Documents that people really send (`../shared/cases`), as they are and with what format 1.1 lets them say.

Each is a public complaint or the text of a law made small; what is right of it is in the README beside them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checks.bulk import CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument

CASES = Path(__file__).parents[3] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not beside the project")

POLICE, SCHOOL = "376500000C", "376500000Y"
#: Rules that look across submissions, and the register's, say nothing of a document alone.
Document = dict[str, Any]


def case(name: str, change: Callable[[Document], object] | None = None, **header: str) -> Document:
    """A case, its header changed, then the whole of it."""
    document: Document = json.loads((CASES / f"{name}.json").read_bytes()) | header
    if change:
        change(document)
    return document


def everybody(**said: object) -> Callable[[Document], object]:
    """Format 1.1, with this said of every employee."""

    def change(document: Document) -> None:
        document["format_version"] = "1.1"
        for employee in document["employees"]:
            employee.update(said)

    return change


def rostered(*duties: tuple[str, str, float]) -> Callable[[Document], object]:
    """A roster of the only employee."""

    def change(document: Document) -> None:
        everybody(work_pattern="shift")(document)
        person = document["employees"][0]["person_id"]
        document["shifts"] = [
            {"person_id": person, "start": start, "end": end, "hours": hours} for start, end, hours in duties
        ]

    return change


def of_checked(document: Document) -> CheckedDocument:
    submitted = SubmittedDocument(json.dumps(document).encode())
    return check_documents([submitted], CheckContext(today=date(2026, 11, 28))).documents[0]


def found(document: Document) -> Mapping[str, int]:
    """Rule → how many findings."""
    rules = of_checked(document).findings["rule"].value_counts().sort("rule")
    return dict(rules.iter_rows())


ONE_POINT_ZERO = [
    (case("fire-24on-48off", agency_code=POLICE), {}),
    (case("nurse-rest-tue-wed"), {"W205": 1}),
    (case("shift-leave-thu-mon-40h"), {"W210": 1}),
    (case("24h-duty-leave-fri"), {"W210": 1}),
    (case("shift-staff-68h-overtime"), {"W204": 1}),
    (case("weekend-overtime-inside-leave"), {}),
    (case("half-day-leave-then-overtime"), {}),
    (case("rehired-in-month"), {}),
    (case("teachers-summer"), {}),
    (case("overtime-overlaps-overtime"), {"R113": 2}),
    (case("unpaid-parental-leave"), {}),
    (case("records-after-leaving"), {"R114": 4}),
    (case("week-claimed-as-half-hour"), {}),
    (case("teacher-68h"), {}),
    (case("labour-day-2024"), {}),  # 1.0 has no other name for labour staff than `other`
] if CASES.is_dir() else []  # fmt: skip


@pytest.mark.parametrize(("document", "right"), ONE_POINT_ZERO)
def test_as_they_are_sent(document, right):
    assert found(document) == right


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json") if path.stem != "time-2400"))
def test_a_document_is_judged_alike_in_both_versions(name):
    """With nothing more said than 1.0 can say, 1.1 is the same document."""
    assert found(case(name, format_version="1.1")) == found(case(name))


SHIFT, ROSTER_OF_FIVE = everybody(work_pattern="shift"), rostered(
    *((f"2021-06-0{day}T08:00", f"2021-06-0{day}T16:00", 8) for day in (3, 4, 5, 6, 7))
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "right"),
    [
        ("fire-24on-48off", SHIFT, {}),
        ("nurse-rest-tue-wed", SHIFT, {}),
        ("shift-leave-thu-mon-40h", SHIFT, {}),
        ("shift-leave-thu-mon-40h", ROSTER_OF_FIVE, {}),
        ("24h-duty-leave-fri", SHIFT, {}),
        ("24h-duty-leave-fri", rostered(("2021-06-04T08:00", "2021-06-05T08:00", 24)), {}),
        ("shift-staff-68h-overtime", SHIFT, {}),
        ("weekend-overtime-inside-leave", SHIFT, {}),
        ("half-day-leave-then-overtime", everybody(work_pattern="office"), {}),
        ("unpaid-parental-leave", everybody(status="unpaid_leave", clocks=True), {}),
        ("labour-day-2024", everybody(employment_type="labour"), {}),
        ("teachers-summer", everybody(clocks=False), {}),
    ],
)
def test_with_what_1_1_lets_them_say(name, change, right):
    assert found(case(name, change)) == right


def test_of_a_roster_exactly_the_rostered_days_without_a_trace():
    duties = [(f"2021-06-{day:02}T08:00", f"2021-06-{day:02}T16:00", 8.0) for day in (3, 5, 6, 8, 22)]
    checked = of_checked(case("nurse-rest-tue-wed", rostered(*duties)))
    assert checked.findings.select("rule", "value").rows() == [("W205", "2021-06-08、22")]


def test_clocks_false_anywhere_asks_for_no_clocking():
    document = case("teachers-summer", everybody(clocks=False), agency_code="376500000A")
    assert found(document) == {}


def test_half_an_hour_of_leave_does_not_account_for_a_week():
    def clocked_before(document: Document) -> None:
        person = document["employees"][0]["person_id"]
        worked = [1, 2, 3, 4, *range(15, 19), *range(21, 26), 28, 29, 30]
        document["clockings"] = [{"person_id": person, "at": f"2021-06-{day:02}T08:00", "kind": "in"} for day in worked]

    checked = of_checked(case("week-claimed-as-half-hour", clocked_before))
    assert checked.findings.select("rule", "value").rows() == [("W205", "2021-06-08、09、10、11")]


def test_an_end_at_2400_is_told_how_to_write_it():
    checked = of_checked(case("time-2400"))
    (finding,) = checked.findings.iter_rows(named=True)
    assert finding["rule"] == "F008"
    assert "隔日 00:00" in finding["message"]
    assert "00:00 of the next" in finding["message_en"]


def test_where_it_is_not_known_it_says_so_and_of_how_many():
    checked = of_checked(case("shift-leave-thu-mon-40h", SHIFT))
    assert {one.rule: one.people for one in checked.unknown if one.people} == {"W201": 1, "W210": 1}
    assert "1 人" in checked.not_evaluated["W210"]
