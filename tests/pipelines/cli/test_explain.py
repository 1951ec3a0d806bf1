"""Answers to warnings and reasons of decisions on the command line: to what was meant, and without people in them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from tests.support.cli import Attendance
from tests.support.installations import FIRST, PERSON, MadeOnce, document, installation

MONTH = "2021-06"
WHERE = ("--agency", FIRST, "--month", MONTH)
SUNDAY = {
    "record_id": "L-1", "person_id": PERSON, "leave_type": "03", "start": "2021-06-06T08:30", "end": "2021-06-06T17:30",
    "hours": 8, "certificate": False, "reason": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    return MadeOnce(tmp_path_factory.mktemp("explained") / "home", with_two_warnings)


def with_two_warnings(root: Path) -> None:
    opened = installation(root)
    later = {**SUNDAY, "record_id": "L-2", "start": "2021-06-13T08:30", "end": "2021-06-13T17:30"}
    hand_in(opened, [HandedIn("file.json", document(FIRST, leaves=[SUNDAY, later]))])
    enter(opened, MONTH)
    publish_now(opened, [MONTH])
    opened.engine.dispose()


@pytest.fixture
def home(made_once: MadeOnce, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with made_once.brought_back() as home:
        monkeypatch.setenv("ATTENDANCE_HOME", str(home))
        yield home


@pytest.fixture
def month(attendance: Attendance) -> list[str]:
    """The keys of the month's two warnings."""
    rows = attendance("explain", "list", *WHERE, "--format", "json").objects
    return [row["finding_key"] for row in rows if row["rule"] == "W201"]


def answered(attendance: Attendance) -> int:
    rows = attendance("explain", "list", *WHERE, "--format", "json").objects
    return sum(row["explanation"] is not None for row in rows)


def test_a_key_that_begins_several_findings_answers_none(month, attendance):
    assert len(month) == 2
    ran = attendance("explain", "add", *WHERE, "--code", "CONFIRMED", "--by", "人事室", "--finding", "")
    assert (ran.code, "沒有唯一符合" in ran.err, answered(attendance)) == (2, True, 0)
    ran = attendance("explain", "add", *WHERE, "--code", "CONFIRMED", "--by", "人事室", "--finding", month[0][:12])
    assert (ran.code, answered(attendance)) == (0, 1)


@pytest.mark.parametrize("where", ["--text", "--by"])
def test_a_name_of_the_agencys_list_is_no_part_of_an_answer(month, attendance, home, where):
    said = {"--text": "值勤", "--by": "人事室", where: "已向王小明確認"}
    options = [word for pair in said.items() for word in pair]
    ran = attendance("explain", "add", *WHERE, "--code", "OTHER", "--rule", "W201", *options)
    assert (ran.code, "第 3 字" in ran.err, "王小明" in ran.err, answered(attendance)) == (2, True, False, 0)
    said[where] = f"已向 {PERSON} 確認"
    options = [word for pair in said.items() for word in pair]
    assert attendance("explain", "add", *WHERE, "--code", "OTHER", "--rule", "W201", *options).code == 0
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        assert PERSON not in "".join(ledger.iterdump())


@pytest.mark.parametrize("command", [("withdraw",), ("revert", "--to", "0")])
def test_nor_of_a_reason(month, attendance, command):
    ran = attendance(*command, *WHERE, "--reason", "王小明的假單有誤")
    assert (ran.code, "第 1 字" in ran.err, "王小明" in ran.err) == (2, True, False)
