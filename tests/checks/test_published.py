"""The published format says what the data model says, and its examples are valid."""

import copy
import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.format.schema import Node
from checks.format.versions import NEWEST, VERSIONS
from checks.leave_types import packaged_leave_types
from checks.published.documents import published
from checks.published.examples import example, example_text
from checks.published.language import Language
from checks.published.page import page
from checks.rule_set import all_rules

DOCS = Path(__file__).parents[2] / "docs"
CONTEXT = CheckContext(date(2021, 7, 5))


def findings(data):
    return check_documents([SubmittedDocument(data)], CONTEXT).documents[0].findings


def places(node: Node, *path: str):
    """Path of every property of a tree, each with its node."""
    for child in (node.items or node).properties:
        yield (*path, child.name), child
        yield from places(child, *path, child.name)


def values(value, path):
    """What stands at a path, of every record where it leads through arrays."""
    if isinstance(value, list):
        return [found for record in value for found in values(record, path)]
    if not path:
        return [value]
    return values(value[path[0]], path[1:]) if path[0] in value else []


@pytest.mark.parametrize("name", published())
def test_docs_hold_what_is_published(name):
    assert (DOCS / name).read_text(encoding="utf-8") == published()[name], "run: python -m checks.published docs"


def test_docs_hold_nothing_else_of_the_format():
    held = {str(file.relative_to(DOCS)) for file in (DOCS / "format").rglob("*") if file.is_file()}
    assert held == {name for name in published() if name.startswith("format/")}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_example_is_valid_by_our_check_and_by_the_schema(version):
    text = published()[f"format/example/{version}.json"]
    found = findings(text.encode())
    assert found.to_dicts() == []
    schema = json.loads(published()[f"format/schema/{version}.json"])
    jsonschema.validate(json.loads(text), schema, format_checker=jsonschema.FormatChecker())
    assert json.loads(text) == example(version)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_example_shows_every_member_and_choice(version):
    document = example(version)
    for path, node in places(VERSIONS[version].document):
        shown = values(document, path)
        assert [value for value in shown if value is not None], path
        if node.choices and path != ("format_version",):
            assert set(node.choices) <= set(shown), path


@pytest.mark.parametrize("language", Language)
def test_the_page_names_every_property_choice_code_and_rule(language):
    text = page(language)
    for path, node in places(NEWEST.document):
        assert f"`{path[-1]}`" in text or f"`{'.'.join(path)}`" in text
        assert language.of(node.title, node.title_en) in text
        for choice, meaning in node.meanings.items():
            assert language.of(*meaning) in text, choice
    for code, name in packaged_leave_types().names().items():
        assert re.search(rf"\| `{code}` \| [^|]*{name}", text)
    for rule in all_rules().values():
        title = language.of(rule.title, rule.title_en)
        rows = re.findall(rf"^\| {rule.id} \| {re.escape(title)}[^|]*\|", text, re.MULTILINE)
        assert len(rows) == len(rule.life), rule.id
    assert example_text(NEWEST.name) in text


def test_a_page_is_in_one_language():
    """English needs Chinese for the names of leaves and terms of law alone; the reasons of rules are split rightly."""
    chinese, english = page(Language.ZH), page(Language.EN)
    rules = r"^\| [FR]\d{3} \| ([^|]*) \| ([^|]*) \|$"
    for title, why in re.findall(rules, chinese, re.MULTILINE):
        assert re.search(r"[\u4e00-\u9fff]", title)
        assert why.endswith("。")
    for title, why in re.findall(rules, english, re.MULTILINE):
        assert not re.search(r"[\u4e00-\u9fff]", title + why)
    warnings = r"^\| [RW]\d{3} \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$"
    assert all(
        re.search(r"[\u4e00-\u9fff]", text) for row in re.findall(warnings, chinese, re.MULTILINE) for text in row
    )
    assert not re.search(r"[\u4e00-\u9fff]", str(re.findall(warnings, english, re.MULTILINE)))


@pytest.mark.parametrize("language", Language)
def test_a_rule_stands_where_its_life_puts_it_in_each_month(language):
    """R114 warns of months to 2026-12 and refuses from 2027-01 on."""
    sections = [section.partition("\n") for section in re.split(r"^### ", page(language), flags=re.MULTILINE)]
    rows = {heading: re.findall(r"^\| R114 \|[^|]*(20\d\d-\d\d)", text, re.MULTILINE) for heading, _, text in sections}
    expected = {
        Language.ZH: {"該筆不入檔（error）": ["2027-01"], "檢核時之警告": ["2026-12"]},
        Language.EN: {"The record is refused (error)": ["2027-01"], "Warnings of the check": ["2026-12"]},
    }
    assert {heading: months for heading, months in rows.items() if months} == expected[language]


@pytest.mark.parametrize("language", Language)
def test_every_section_is_linked_from_the_top_of_the_file(language):
    name = language.of("format.zh-TW.md", "format.md")
    text = published()[name]
    links = re.findall(r"^- \[(.+)\]\(#.+\)$", text, re.MULTILINE)
    assert links == re.findall(r"^## (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_names_no_format_that_its_draft_has_not(version):
    named = set(re.findall(r'"format": "([^"]+)"', published()[f"format/schema/{version}.json"]))
    assert named == {"date", "date-time"}


def test_every_property_is_described_in_both_languages():
    for path, node in places(NEWEST.document):
        said = (node.title, node.description, node.title_en, node.description_en)
        assert all(said), path
        assert not re.search(r"[\u4e00-\u9fff]", node.title_en), path
        assert set(node.meanings) == (set() if path == ("format_version",) else set(node.choices)), path


MISTAKES = [
    ('"110-06"', "F008", ("month",), "110-06"),
    ('"2021-06-03T24:00"', "F008", ("leaves", 0, "end"), "2021-06-03T24:00"),
    ('"2021-06-03 08:30"', "F008", ("leaves", 0, "start"), "2021-06-03 08:30"),
    ('"2021/6/3T8:30"', "F008", ("leaves", 0, "start"), "2021/6/3T8:30"),
    ('"2021-06-03T08:30+08:00"', "F008", ("leaves", 0, "start"), "2021-06-03T08:30+08:00"),
    ('" A123456789"', "R101", ("employees", 0, "person_id"), " A123456789"),
    ('"a123456789"', "R101", ("employees", 0, "person_id"), "a123456789"),
    ('"Ａ１２３４５６７８９"', "R101", ("employees", 0, "person_id"), "Ａ１２３４５６７８９"),
    ('"office "', "F008", ("employees", 0, "work_pattern"), "office "),
    ('"Office"', "F008", ("employees", 0, "work_pattern"), "Office"),
    ('"０３"', "R107", ("leaves", 0, "leave_type"), "０３"),
    ('"hours": "8"', "F007", ("leaves", 0, "hours"), "8"),
    ('"leave_type": 3', "F007", ("leaves", 0, "leave_type"), 3),
    ('"hours": 8.125', "F008", ("leaves", 0, "hours"), 8.125),
    ('"minutes": 90.5', "F007", ("overtime", 0, "minutes"), 90.5),
    ('"clocks": "Y"', "F007", ("employees", 0, "clocks"), "Y"),
    ('"clocks": 1', "F007", ("employees", 0, "clocks"), 1),
    ('"from": ""', "F008", ("employees", 0, "from"), ""),
    ('"dept"', "F006", ("dept",), "人事室"),
]


@pytest.mark.parametrize(("written", "rule", "path", "value"), MISTAKES, ids=[one[0] for one in MISTAKES])
def test_a_mistake_of_the_page_is_what_the_check_finds(written, rule, path, value):
    for language in Language:
        assert re.search(rf"^\|[^|]*{re.escape(f'`{written}`')}[^|]*\|[^|]*\|[^|]*{rule}", page(language), re.MULTILINE)
    document = copy.deepcopy(example(NEWEST.name))
    *to, name = path
    place = document
    for step in to:
        place = place[step]
    place[name] = value
    assert rule in findings(json.dumps(document).encode())["rule"]


THURSDAY_TO_FRIDAY = ("03", "2021-06-03T08:30", "2021-06-04T17:30", 16)
FRIDAY_TO_MONDAY = ("03", "2021-06-04T08:30", "2021-06-07T17:30", 16)
TWO_NIGHTS = ("03", "2021-06-09T22:30", "2021-06-11T07:00", 16)
NIGHTS = [("2021-06-09T22:30", "2021-06-10T07:00"), ("2021-06-10T22:30", "2021-06-11T07:00")]
#: What the page gives as examples: work pattern, leave, overtime, and the rules that find something.
SAID = [
    ("office", THURSDAY_TO_FRIDAY, ("2021-06-03T18:00", "2021-06-03T20:00", 120), {"R110"}),
    ("office", FRIDAY_TO_MONDAY, ("2021-06-05T18:00", "2021-06-05T20:00", 120), set()),
    ("shift", TWO_NIGHTS, ("2021-06-10T12:00", "2021-06-10T13:00", 60), set()),
    ("shift", ("03", "2021-06-11T00:00", "2021-06-11T07:00", 7), None, set()),
    ("shift", ("03", "2021-06-09T22:30", "2021-06-10T07:00", 8.5), None, {"W210"}),
    ("office", ("05", *FRIDAY_TO_MONDAY[1:3], 32), None, set()),
    ("office", ("06", *FRIDAY_TO_MONDAY[1:3], 32), None, set()),
    ("office", ("07", *FRIDAY_TO_MONDAY[1:3], 16), None, set()),
    ("office", ("01", *FRIDAY_TO_MONDAY[1:3], 16.5), None, {"W210"}),
    ("office", ("02", *FRIDAY_TO_MONDAY[1:3], 16), None, {"W208"}),
    ("office", ("02", *FRIDAY_TO_MONDAY[1:3], 15.5), None, set()),
    ("office", ("01", "2021-06-03T10:00", "2021-06-03T10:20", 1), None, set()),
    ("office", None, ("2021-06-03T18:00", "2021-06-03T19:20", 80), set()),
    ("office", None, ("2021-06-03T18:00:30", "2021-06-03T19:20", 80), {"R106"}),
]


@pytest.mark.parametrize(("pattern", "leave", "overtime", "found"), SAID)
def test_an_example_in_the_prose_is_what_the_check_finds(pattern, leave, overtime, found):
    document = copy.deepcopy(example(NEWEST.name))
    person = {**document["employees"][0], "work_pattern": pattern}
    start_end = ("start", "end")
    document["employees"] = [person]
    document["shifts"] = [
        {"person_id": person["person_id"], **dict(zip(start_end, night, strict=True)), "hours": 8} for night in NIGHTS
    ]
    kinds = (("leaves", ("leave_type", *start_end, "hours"), leave), ("overtime", (*start_end, "minutes"), overtime))
    for dataset, names, said in kinds:
        record = {**document[dataset][0], "person_id": person["person_id"]}
        changed = dict(zip(names, said, strict=True)) if said else {}
        document[dataset] = [{**record, **changed}] if said else []
    for record in document["leaves"]:
        record["certificate"] = False
    other = "G800000001"
    document["employees"].append({**person, "person_id": other, "clocks": False})
    document["clockings"] = [{"person_id": other, "at": "2021-06-03T08:21", "kind": "in"}]
    assert set(findings(json.dumps(document).encode())["rule"]) == found


def test_a_document_of_1_0_may_not_have_what_came_later():
    newer = {**example(NEWEST.name), "format_version": "1.0"}
    assert set(findings(json.dumps(newer).encode())["rule"]) == {"F006", "F008"}
