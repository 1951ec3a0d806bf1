"""Answers to warnings and reasons of decisions on the command line: to what was meant, and without people in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cli import Attendance
from tests.support.installations import FIRST, PERSON, document, installation

MONTH = "2021-06"
WHERE = ("--agency", FIRST, "--month", MONTH)
SUNDAY = {
    "record_id": "L-1", "person_id": PERSON, "leave_type": "03", "start": "2021-06-06T08:30", "end": "2021-06-06T17:30",
    "hours": 8, "certificate": False, "reason": None,
}  # fmt: skip


@pytest.fixture
def month(attendance: Attendance, home: Path, tmp_path: Path) -> list[str]:
    """A month with two warnings; their keys."""
    installation(home).engine.dispose()
    file = tmp_path / "file.json"
    file.write_bytes(document(FIRST, leaves=[SUNDAY, {**SUNDAY, "record_id": "L-2", "start": "2021-06-13T08:30",
                                                      "end": "2021-06-13T17:30"}]))  # fmt: skip
    attendance("submit", file)
    attendance("run", *WHERE[2:], *WHERE[:2])
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
