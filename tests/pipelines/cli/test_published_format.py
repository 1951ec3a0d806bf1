"""`attendance format`: what is published, on standard output."""

import json

import pytest

from checks.format.versions import NEWEST, VERSIONS
from checks.published.documents import published
from checks.published.language import Language
from checks.published.page import page


@pytest.mark.parametrize("part", ["schema", "example"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_printed_as_its_file(attendance, part, version):
    ran = attendance("format", part, "--version", version)
    assert (ran.code, ran.out, ran.err) == (0, published()[f"format/{part}/{version}.json"], "")


def test_the_newest_is_printed_unless_another_is_asked_for(attendance):
    assert json.loads(attendance("format", "example").out)["format_version"] == NEWEST.name


@pytest.mark.parametrize("language", Language)
def test_the_page_is_printed_in_a_language(attendance, language):
    assert attendance("format", "--lang", language).out == page(language)


def test_the_page_is_chinese_and_the_codes_a_table_unless_asked_otherwise(attendance):
    assert attendance("format").out == page(Language.ZH)
    assert attendance("format", "leave-types").out == published()["format/leave-types.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("schema", "--version", "2.0"), "1.0, 1.1"),
        (("page", "--version", "1.0"), "leave --version out"),
        (("--lang", "fr"), "zh"),
        (("pdf",), "leave-types"),
    ],
)
def test_what_is_not_there_is_a_wrong_usage(attendance, arguments, said):
    ran = attendance("format", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
