"""`attendance rules`: what it says when asked for what is not there, and of how many months it could not tell."""

import pytest
from sqlalchemy import update

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.reviewing import review
from tests.support.installations import (
    AUTHORITY,
    FIRST,
    SECOND,
    document,
    installation,
    refuse_by_older_rules,
    with_error,
)
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Submission


@pytest.mark.parametrize("command", [("preview", "W208"), ("replay",)])
def test_months_in_the_wrong_order_are_a_wrong_usage(attendance, command):
    ran = attendance("rules", *command, "--from", "2021-07", "--to", "2021-06")
    assert ran.code == 2
    assert "2021-07" in ran.err
    assert not ran.out


def test_a_rule_that_is_not_there(attendance):
    ran = attendance("rules", "show", "R999")
    assert ran.code == 2
    assert "R101" in ran.err


def test_the_rules_listed_are_those_in_force_in_the_month(attendance):
    shown = {month: attendance("rules", "list", "--month", month, "--format", "json").objects for month in
             ("2022-12", "2023-01")}  # fmt: skip
    new = {row["rule"] for row in shown["2023-01"]} - {row["rule"] for row in shown["2022-12"]}
    assert new == {"W212"}


def test_what_could_not_be_evaluated_is_said(attendance, home):
    platform = installation(home)
    hand_in(platform, [HandedIn("1.json", document(AUTHORITY)), HandedIn("2.json", document(FIRST))])
    enter(platform, "2021-06")
    platform.engine.dispose()
    ran = attendance("rules", "preview", "W203", "--as", "error")
    assert ran.code == 0
    assert "2 個機關月份中有 2 個無從評估" in ran.err
    assert "2 個機關月份中 agency-months, 0 個不符" in ran.out


@pytest.mark.parametrize("rule", ["W203", "W204", "W212"])
def test_rows_that_are_off_are_shown_with_why_and_whether_they_are_on_here(attendance, monkeypatch, rule):
    shipped = attendance("rules", "show", rule, "--format", "json").objects[0]["rows"]
    assert {row["id"]: row["switch"] for row in shipped} == {
        "civil_servant-police_fire": "off",
        "contract-police_fire": "off",
    }
    assert all("原文尚未取得" in row["source"] for row in shipped)
    monkeypatch.setenv("ATTENDANCE_ROWS_SWITCHED_ON", "contract-police_fire")
    civil_servants, contract = (
        line for line in attendance("rules", "show", rule).out.splitlines() if "police_fire" in line
    )
    assert "off, its people are not evaluated" in civil_servants
    assert "switched on here by the setting rows_switched_on" in contract


def test_a_rule_without_such_rows_shows_none(attendance):
    (quotas,) = attendance("rules", "show", "W202", "--format", "json").objects[0]["rows"]
    assert (quotas["id"], quotas["switch"]) == ("02-contract", "off")
    assert attendance("rules", "show", "R106", "--format", "json").objects[0]["rows"] == []


def test_a_replay_sums_up_by_rule_and_names_what_would_not_be_refused_today(attendance, home):
    platform = installation(home)
    hand_in(platform, [HandedIn("1.json", document(SECOND))])
    refuse_by_older_rules(platform, "2021-06")
    hand_in(platform, [HandedIn("2.json", with_error(FIRST))])
    enter(platform, "2021-06")
    review(platform)
    with writing(platform.engine) as session:
        session.execute(update(Submission).where(Submission.agency_code == FIRST).values(errors=2))
    platform.engine.dispose()
    ran = attendance("rules", "replay")
    assert ran.code == 1
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["F006", "fatal", "1", "0", "0"] in rows
    assert ["R102", "error", "1", "1", "0"] in rows
    assert "另有 1 份報送僅退件或警告筆數不同" in ran.out
    assert "1 份退件依現行規則可入檔" in ran.err
