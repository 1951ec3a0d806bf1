"""`attendance scheduled` and `attendance status`, as an operator types them."""

import pytest

from assets.intake import HandedIn, hand_in
from tests.support.cli import Attendance
from tests.support.installations import AUTHORITY, FIRST, document, installation
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission


@pytest.fixture
def one_came(home, monkeypatch):
    """Four agencies by hand, and one submission of June 2021 that waits."""
    monkeypatch.setenv("ATTENDANCE_COLLECTION_BEGAN", "2021-06")
    opened = installation(home)
    hand_in(opened, [HandedIn("a", document(FIRST))])
    yield opened
    opened.engine.dispose()


def test_a_dry_run_says_what_would_run_and_does_nothing(attendance: Attendance, one_came):
    close = attendance("scheduled", "close", "--at", "2021-07-21T03:00", "--dry-run")
    assert close.code == 0
    assert "1 項 將執行 would run" in close.out
    assert "110年6月 期限已過 due until 2021-07-20 24:00" in close.out
    (pull,) = attendance("scheduled", "pull", "--at", "2021-07-05T06:00", "--dry-run", "--format", "json").objects
    assert (pull["kind"], pull["partition"], pull["asked"]["answered"]) == ("pull", "2021-06", {"manual": [FIRST]})
    assert "0 項" in attendance("scheduled", "pull", "--at", "2021-07-04T06:00", "--dry-run").out  # a Sunday
    assert "December was due" in attendance("scheduled", "year-end", "--at", "2022-01-21T05:00", "--dry-run").out
    with reading(one_came.engine) as session:
        assert [row.state for row in session.query(Submission)] == ["received"]


def test_any_month_can_be_closed_by_hand_and_then_looked_at(attendance: Attendance, one_came, tmp_path):
    done = attendance("scheduled", "close", "--month", "2021-06")
    assert done.code == 0, done.err
    assert "完成 done; Dagster run" in done.out
    with reading(one_came.engine) as session:
        assert [row.state for row in session.query(Submission)] == ["entered"]
    shown = attendance("status", "--as-of", "2021-07-25T12:00", "--chart", tmp_path / "late.svg")
    assert shown.code == 0, shown.err
    for said in (
        "誰未報送 who owes: 3",
        "2021-07-20 24:00",
        "未提醒 not yet",
        "authorities, the worst first",
        AUTHORITY,
    ):
        assert said in shown.out
    assert (tmp_path / "late.svg").read_bytes().startswith(b"<?xml")
    (one,) = attendance("status", "--as-of", "2021-07-25T12:00", "--format", "json").objects
    assert [line["missing"] for line in one["months"]] == [3]
    month = attendance("status", "--month", "2021-06", "--as-of", "2021-07-25T12:00").out
    assert "更正截止 corrections close 2021-08-31 17:00" in month


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("close", "--at", "2021-07-21"), "--at goes with --dry-run"),
        (("look", "--month", "2021-06"), "leave out --month"),
        (("close", "--year", "2021"), "leave out --year"),
    ],
)
def test_what_does_not_go_together_is_a_wrong_usage(attendance: Attendance, arguments, said):
    refused = attendance("scheduled", *arguments)
    assert (refused.code, said in refused.err) == (2, True)


def test_a_chart_is_png_or_svg(attendance: Attendance, one_came, tmp_path):
    assert "a chart is a .png or an .svg" in attendance("status", "--chart", tmp_path / "late.gif").err


def test_where_nobody_owes_anything_the_look_says_what_to_do(attendance: Attendance):
    shown = attendance("status")
    assert shown.code == 0
    assert "attendance register import FILE" in shown.out
