"""The text of string tokens, places in bytes, and the schema that is derived."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.catalogue import Rule
from checks.findings import Severity
from checks.format.messages import RULES
from checks.format.positions import Positions
from checks.format.tokens import beginning_of, has_lone_surrogate, text_of
from checks.format.versions import NEWEST, VERSIONS
from tests.checks.format.conftest import valid_document

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=12)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, st.integers(0, 12))
def test_text_of_a_token(text, characters):
    body = json.dumps(text)[1:-1].encode()
    assert text_of(body) == json.loads(f'"{body.decode()}"')
    lone = any("\ud800" <= character <= "\udfff" for character in text_of(body))
    assert has_lone_surrogate(body) == lone
    assert beginning_of(body * 30, characters).startswith(text_of(body * 30)[:characters]) or lone


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="a王😀\n\r", max_size=40), st.lists(st.integers(0, 40), max_size=5), st.booleans())
def test_lines_and_columns(text, characters, marked):
    data = b"\xef\xbb\xbf" * marked + text.encode()
    positions = Positions(data)
    for count in sorted(characters):
        before = text[:count]
        offset = 3 * marked + len(before.encode())
        assert positions.of(offset) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


@pytest.mark.parametrize("name", VERSIONS)
def test_the_json_schema_is_one_and_takes_a_valid_document(name):
    schema = VERSIONS[name].json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(valid_document(name), schema)
    other = next(version for version in VERSIONS if version != name)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(valid_document(other), schema)


def test_the_json_schema_says_what_the_models_say():
    properties = NEWEST.json_schema()["properties"]
    leave = properties["leaves"]["items"]
    assert leave["additionalProperties"] is False
    assert leave["required"] == ["record_id", "person_id", "leave_type", "start", "end", "hours"]
    assert leave["properties"]["hours"] == {
        "title": "請假時數 Hours",
        "description": "小時，最多兩位小數；整筆請假（含其他月份部分）的時數，只計應上班時間\n"
        "at most two decimals; of the whole leave, other months included; only time the person should work",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 8784,
    }
    assert leave["properties"]["reason"]["type"] == ["string", "null"]
    assert properties["overtime"]["items"]["properties"]["minutes"]["type"] == "integer"
    assert properties["overtime"]["items"]["properties"]["category"]["enum"] == ["ordinary", "special", None]
    assert properties["format_version"]["const"] == "1.1"
    assert "shifts" not in VERSIONS["1.0"].json_schema()["properties"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rules_say_everything_twice(rule):
    assert isinstance(rule, Rule)
    assert rule.severity is Severity.FATAL
    assert all(
        any("\u4e00" <= character <= "\u9fff" for character in text) for text in (rule.title, rule.message, rule.why)
    )
    assert rule.title_en.isascii()
    assert rule.message_en.isascii()


def test_there_are_nine():
    assert list(RULES) == [f"F00{number}" for number in range(1, 10)]
