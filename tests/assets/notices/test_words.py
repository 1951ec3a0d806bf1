"""What notices say: every kind in both languages and both forms, ROC dates, and what a broken template comes to."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from assets.notices.config import NoticeConfig
from assets.notices.facts import Facts, Line, RuleCount
from assets.notices.occasions import KINDS
from assets.notices.words import TemplateBroken, Words, roc_day, roc_moment, roc_until, until_en
from tests.support.installations import FIRST, SECOND
from warehouse.deadlines import TAIPEI
from warehouse.receipts import Receipt

AT = datetime(2021, 7, 5, 9, 12, tzinfo=TAIPEI)
UNTIL = datetime(2021, 7, 21, tzinfo=TAIPEI)
DOCUMENT = Receipt(
    "c0ffee" + "0" * 58, FIRST, "2021-06", "manual", 9, AT, AT, "entered", {}, 1, 2, 3, "1", None, UNTIL, True, 0
)
LINES = (
    Line(FIRST, "甲機關", "missing", None, 0, 0, late=True),
    Line(SECOND, "乙機關", "entered_with_errors", AT, 4, 0, late=False),
)
TOTALS = {"missing": 1, "refused": 0, "entered_with_errors": 1, "entered": 0}
FACTS = Facts(
    "refused", FIRST, "甲機關 <一>", "2021-06", UNTIL, 15, DOCUMENT, DOCUMENT, None,
    (RuleCount("R106", "時數超過區間", "more hours than the interval", 12),),
)  # fmt: skip


def facts_for(kind: str) -> Facts:
    if kind == "digest":
        return replace(FACTS, kind=kind, submission=None, before=None, rules=(), lines=LINES, totals=TOTALS)
    if kind in ("due_soon", "overdue"):
        return replace(FACTS, kind=kind, submission=None, before=None, rules=(), days=7 if kind == "due_soon" else -7)
    return replace(FACTS, kind=kind)


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(NoticeConfig(templates=Path("/nowhere"), helpline="02-1234-5678"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_said_in_both_languages_and_both_forms(words, kind):
    message = words.message(facts_for(kind))
    assert message.subject.startswith("【差勤報送】110年6月")
    assert "\n" not in message.subject
    for body in (message.text, message.html):
        assert "110年6月" in body
        assert "2021-06" in body
        assert "02-1234-5678" in body
    assert "甲機關 <一>" in message.text
    assert "甲機關 &lt;一&gt;" in message.html
    lines = message.text.splitlines()
    assert all(line == line.rstrip() for line in lines)
    assert "\n\n\n" not in message.text


def test_a_document_before_and_none_before_are_both_said(words):
    for kind in ("mended", "superseded", "withdrawn", "entered_with_errors"):
        assert words.message(replace(facts_for(kind), before=None)).text != words.message(facts_for(kind)).text
    for kind in ("due_soon", "overdue"):
        assert "退件" in words.message(replace(facts_for(kind), refused=DOCUMENT)).text


def test_a_digest_names_whom_to_ask_and_attaches_all(words):
    message = words.message(facts_for("digest"))
    assert "未報送 1" in message.text
    assert "4 項錯誤" in message.text
    name, data = message.attachment
    assert name == f"{FIRST}-2021-06.csv"
    assert data.decode("utf-8-sig").splitlines()[1] == f"{FIRST},甲機關,110年6月,未報送,,0,0,是"


def test_an_agencys_name_is_no_formula_in_the_digests_file(words):
    lines = (Line(FIRST, "=cmd|' /C calc'!A0", "missing", None, 0, 0, late=False),)
    _, data = words.message(replace(facts_for("digest"), lines=lines)).attachment
    assert data.decode("utf-8-sig").splitlines()[1].startswith(f"{FIRST},'=cmd")


def test_dates_are_written_as_offices_write_them():
    assert roc_day(date(2021, 7, 20)) == "110年7月20日（星期二）"
    assert roc_until(UNTIL) == "110年7月20日（星期二）24時"
    assert roc_until(datetime(2021, 7, 31, 17, tzinfo=TAIPEI)) == "110年7月31日（星期六）17時"
    assert roc_moment(AT) == "110年7月5日 09:12"
    assert until_en(UNTIL) == "24:00 on 20 July 2021"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "{% block subject %}{{ facts.name }}{% endblock %}{% block zh %}{% endblock %}{% block en %}{% endblock %}",
            "name",
        ),
        ("{% block subject %}", "line 1"),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path, text, found):
    (tmp_path / "refused.j2").write_text(text)
    with pytest.raises(TemplateBroken, match=found) as broken:
        Words(NoticeConfig(templates=tmp_path)).message(FACTS)
    assert "refused.j2" in str(broken.value)
