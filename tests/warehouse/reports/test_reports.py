"""Every report of the little country against numbers worked out by hand (see `country.py`)."""

from decimal import Decimal

from tests.support.world import taipei
from tests.warehouse.reports.country import C, N, S, T, X, Y


def at(text):
    return taipei(text).replace(tzinfo=None)


def test_due_months_are_those_in_force_and_not_exempt(ask):
    due = ask(
        "SELECT agency_code, string_agg(month[6:], ' ' ORDER BY month) FROM reports.due_months WHERE due GROUP BY 1"
    )
    assert dict(due) == {
        Y: "01 02 03 04",
        C: "01 02 03 04",
        T: "01 02 03 04",
        S: "01 02",
        N: "03 04",
        X: "01 02",
    }


def test_due_months_say_why_and_what_became_of_it(ask):
    rows = ask("SELECT agency_code, month, outcome, counted FROM reports.due_months")
    outcomes = {(code, month[5:]): (outcome, counted) for code, month, outcome, counted in rows}
    expected = {
        Y: "on_time on_time on_time on_time",
        C: "on_time missing missing late",
        T: "on_time late on_time on_time",
        S: "on_time missing not_due not_due",
        N: "- - on_time missing",
        X: "on_time on_time - -",
    }
    assert outcomes == {
        (code, f"{number:02}"): (outcome, outcome != "not_due")
        for code, line in expected.items()
        for number, outcome in enumerate(line.split(), 1)
        if outcome != "-"
    }
    assert ask("SELECT reason FROM reports.due_months WHERE agency_code = ? AND month = '2021-03'", S) == [
        ("免報 exempt: 整併",)
    ]
    assert (
        "2021-03-15"
        in ask("SELECT reason FROM reports.due_months WHERE agency_code = ? AND month = '2021-03'", N)[0][0]
    )
    assert ask("SELECT DISTINCT deadline FROM reports.due_months WHERE month = '2021-01'") == [
        (at("2021-02-21 00:00"),)
    ]


def test_status_of_each_kind(ask):
    columns = "state, channel, received_at, on_time, days_late, fatal, errors, warnings, last_refused_at, pending"
    one = f"SELECT {columns} FROM reports.submission_status WHERE agency_code = ? AND month = ?"

    def status(code, month):
        return ask(one, code, month)[0]

    assert status(C, "2021-01") == (
        "entered_with_errors", "webitr", at("2021-03-02 09:00"), True, 0, 0, 1, 0, None, 0,
    )  # fmt: skip
    assert status(C, "2021-02") == (
        "refused", "webitr", at("2021-03-05 09:00"), None, None, 1, 0, 0, at("2021-03-05 09:00"), 0,
    )  # fmt: skip
    assert status(C, "2021-03") == ("missing", None, None, None, None, None, None, None, None, 0)
    assert status(C, "2021-04")[:5] == ("entered", "webitr", at("2021-05-21 00:01"), False, 1)
    assert status(T, "2021-01")[3:5] == (True, 0)
    assert status(T, "2021-02")[3:5] == (False, 3)
    # refused first, entered after: nothing is left to mend
    assert status(T, "2021-03") == ("entered", "webitr", at("2021-04-02 09:00"), True, 0, 0, 0, 0, None, 0)
    # refused after it was entered: what was entered stays, and the refusal is said
    assert status(Y, "2021-04") == (
        "entered", "webitr", at("2021-05-01 09:00"), True, 0, 0, 0, 0, at("2021-05-03 09:00"), 0,
    )  # fmt: skip
    assert status(N, "2021-04") == ("missing", None, None, None, None, None, None, None, None, 1)


def test_status_lists_what_is_due_or_was_received_and_nothing_else(ask):
    listed = ask("SELECT agency_code, month FROM reports.submission_status WHERE NOT due")
    assert listed == [(S, "2021-03")]
    assert ask("SELECT count(*) FROM reports.submission_status WHERE due") == [(18,)]
    assert ask(
        "SELECT agency_name, authority_code FROM reports.submission_status WHERE agency_code = ? LIMIT 1", T
    ) == [("鄉", C)]


def test_monthly_counts_of_the_counted_submission(ask):
    rows = ask(
        "SELECT dataset, submitted, entered, refused, warned, headcount FROM reports.monthly_counts "
        "WHERE agency_code = ? AND month = '2021-01'",
        C,
    )
    assert rows == [
        ("clockings", 0, 0, 0, 0, 3),
        ("employees", 3, 3, 0, 0, 3),
        ("leaves", 1, 0, 1, 0, 3),
        ("overtime", 2, 2, 0, 0, 3),
    ]
    assert ask("SELECT count(*) FROM reports.monthly_counts WHERE agency_code = ? AND month = '2021-02'", C) == [(0,)]


def test_summary_counts_a_person_once_at_every_level(ask):
    rows = ask(
        "SELECT scope, agency_name, leave_type, persons, records, hours, days FROM reports.summary "
        "WHERE month = '2021-01'"
    )
    d = Decimal
    in_both = [("03", 1, 3, d("14.5"), d("1.8125")), ("01", 1, 1, d("4"), d("0.5"))]
    overtime = ("overtime", 1, 2, d("1.5"), d("0.1875"))
    assert sorted(rows) == sorted([
        ("agency", "鄉", "03", 1, 2, d("12"), d("1.5")),
        ("agency", "鄉", "01", 1, 1, d("4"), d("0.5")),
        ("agency", "校", "03", 1, 1, d("2.5"), d("0.3125")),
        ("agency", "縣", *overtime),
        *[("authority", "鄉", *row) for row in in_both],
        *[(scope, name, *row) for scope, name in [("authority", "縣"), ("authority", "院"), ("country", "全國")]
          for row in [*in_both, overtime]],
    ])  # fmt: skip


RATIOS = {
    # scope, code: due, submitted, on_time, late, missing; agency, on-time, headcount, correction ratio
    ("agency", Y): (4, 4, 4, 0, 0, "100.00", "100.00", "87.50", "0.00"),
    ("agency", C): (4, 2, 1, 1, 2, "50.00", "25.00", "50.00", "33.33"),
    ("agency", T): (4, 4, 3, 1, 0, "100.00", "75.00", "87.50", "100.00"),
    ("agency", S): (2, 1, 1, 0, 1, "50.00", "50.00", "50.00", None),
    ("agency", N): (2, 1, 1, 0, 1, "50.00", "50.00", None, None),
    ("agency", X): (2, 2, 2, 0, 0, "100.00", "100.00", "75.00", None),
    ("authority", T): (6, 5, 4, 1, 1, "83.33", "66.67", "68.75", "100.00"),
    ("authority", C): (12, 8, 6, 2, 4, "66.67", "50.00", "62.50", "50.00"),
    ("authority", Y): (18, 14, 12, 2, 4, "77.78", "66.67", "70.00", "40.00"),
    ("country", None): (18, 14, 12, 2, 4, "77.78", "66.67", "70.00", "40.00"),
}


def test_ratios(ask):
    rows = ask(
        "SELECT scope, agency_code, due, submitted, on_time, late, missing, agency_ratio::VARCHAR, "
        "on_time_ratio::VARCHAR, headcount_ratio::VARCHAR, correction_ratio::VARCHAR FROM reports.submission_ratios "
        "WHERE year = 2021"
    )
    assert {row[:2]: row[2:] for row in rows} == RATIOS


def test_findings_are_what_still_stands_and_all_are_kept(ask):
    stands = ask("SELECT agency_code, month, rule FROM core.findings")
    assert sorted(stands) == sorted([(C, "2021-01", "R104"), (C, "2021-02", "F005"), (Y, "2021-04", "F001")])
    assert ask("SELECT count(*) FROM core.findings_history") == [(7,)]


def test_client_versions_are_of_the_newest_submission(ask):
    assert ask("SELECT month, version FROM reports.client_versions WHERE agency_code = ?", Y) == [("2021-04", "2.4.1")]
    assert ask("SELECT count(*) FROM reports.client_versions") == [(6,)]


def test_ancestors_follow_the_register(ask):
    assert sorted(
        ask("SELECT ancestor_code, first_month, last_month FROM core.agency_ancestors WHERE agency_code = ?", S)
    ) == sorted((code, "2021-01", "2021-04") for code in (S, T, C, Y))
    assert ask("SELECT DISTINCT first_month, last_month FROM core.agency_ancestors WHERE agency_code = ?", N) == [
        ("2021-03", "2021-04")
    ]
