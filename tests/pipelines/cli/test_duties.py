"""`attendance duties`, as an operator types it."""

from tests.support.cli import Attendance
from tests.support.installations import FIRST, installation

GRANT = ("--agency", FIRST, "--month", "2021-06", "--granted-by", "人事總處", "--reason", "颱風")


def test_what_a_month_is_due_and_closes(attendance: Attendance):
    shown = attendance("duties", "show", "--month", "2021-06")
    assert shown.code == 0
    assert "2021-07-20 24:00" in shown.out
    assert "2021-08-31 17:00" in shown.out
    assert "as shipped" in shown.err
    (row,) = attendance("duties", "show", "--month", "2021-06", "--format", "json").objects
    assert (row["kind"], row["due"]) == ("*", "2021-07-21T00:00:00+08:00")


def test_a_grant_from_its_giving_to_its_withdrawal(attendance: Attendance, home):
    installation(home).engine.dispose()
    given = attendance("duties", "extend", *GRANT, "--until", "2021-07-31")
    assert given.code == 0
    assert "1: 展延 extension" in given.out
    assert "2021-07-31 24:00" in given.out
    shown = attendance("duties", "show", "--month", "2021-06", "--agency", FIRST)
    assert "展延至 extended to 2021-07-31 24:00（人事總處）" in shown.out
    assert attendance("duties", "withdraw", 1, "--reason", "誤植").code == 0
    assert attendance("duties", "list", "--format", "json").out == ""
    (row,) = attendance("duties", "list", "--all", "--format", "json").objects
    assert (row["withdrawn_because"], row["granted_by"], row["until"]) == (
        "誤植",
        "人事總處",
        "2021-08-01T00:00:00+08:00",
    )
    assert row["actor"] == row["withdrawn_by"]
    assert row["actor"].startswith("cli:")


def test_an_exemption_is_of_one_month_unless_said_otherwise(attendance: Attendance, home):
    installation(home).engine.dispose()
    for more, last in ((), "2021-06"), (("--to", "2021-08"), "2021-08"), (("--open-ended",), None):
        (row,) = attendance("duties", "exempt", *GRANT, *more, "--format", "json").objects
        assert row["last_month"] == last
    listed = attendance("duties", "list", "--month", "2021-08").out
    assert "2021-06 起 on" in listed
    assert "核准 grants: 2" in listed
    shown = attendance("duties", "show", "--month", "2021-06", "--agency", FIRST)
    assert "不必報送 owes nothing" in shown.out


def test_what_cannot_be_granted_is_one_line_that_says_what_to_do(attendance: Attendance, home):
    installation(home).engine.dispose()
    early = attendance("duties", "extend", *GRANT, "--until", "2021-07-20")
    assert (early.code, early.err.count("\n")) == (2, 1)
    assert "give a later --until" in early.err


def test_a_calendar_that_cannot_be_read_stops_before_anything_is_landed(attendance: Attendance, home, tmp_path):
    installation(home).engine.dispose()
    (home / "duties.csv").write_text("nonsense", encoding="utf-8")
    document = tmp_path / "a.json"
    document.write_text("{}", encoding="utf-8")
    refused = attendance("submit", document)
    assert refused.code == 2
    assert "duties.csv" in refused.err
    assert not any((home / "landing").rglob("*.json*"))
