"""`attendance rules`: what it says when asked for what is not there, and of how many months it could not tell."""

import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from tests.support.installations import AUTHORITY, FIRST, document, installation


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
