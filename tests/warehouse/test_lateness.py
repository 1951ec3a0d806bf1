"""The look at who is late and missing: each agency-month is counted once, debtors and authorities in their order."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.world import taipei
from warehouse.lateness import LATE, MISSING, ON_TIME, OPEN, arrivals_by_day, lateness
from warehouse.reminders import Reminded

AT = taipei("2021-07-24 12:00")
JUNE, MAY = datetime(2021, 7, 21), datetime(2021, 6, 21)


def row(code, month="2021-06", entered=None, *, authority="A", deadline=JUNE, state="missing", due=True, pending=0):
    return {
        "agency_code": code, "agency_name": code, "authority_code": authority, "month": month, "due": due,
        "deadline": deadline, "first_entered_at": entered, "state": state, "pending": pending,
    }  # fmt: skip


def look(*rows, reminders=None):
    return lateness(rows, AT, reminders or {}, {"A": "甲", "B": "乙"})


def test_what_became_of_each_agency_of_a_month():
    (line,) = look(
        row("1", entered=JUNE), row("2", entered=JUNE + timedelta(seconds=1)), row("3"),
        row("4", deadline=datetime(2021, 8, 1)), row("5", due=False), row("6", state="refused"),
    ).months  # fmt: skip
    assert (line.due, line.on_time, line.late, line.missing, line.open) == (5, 1, 1, 2, 1)
    assert (line.refused, line.exempt, line.deadline) == (1, 1, JUNE)


def test_debtors_by_days_with_all_their_months_and_reminders():
    told = {("1", "2021-05"): Reminded(2, taipei("2021-06-25 09:00"))}
    found = look(row("2"), row("1"), row("1", "2021-05", deadline=MAY), row("3", entered=JUNE), reminders=told).debtors
    assert [(one.agency_code, one.months, one.days) for one in found] == [
        ("1", ("2021-05", "2021-06"), 34),
        ("2", ("2021-06",), 4),
    ]
    assert (found[0].since, found[0].reminded, found[0].reminded_at) == (MAY, 2, datetime(2021, 6, 25, 9))
    assert (found[1].reminded, found[1].reminded_at) == (0, None)


def test_the_worst_authority_is_first_and_who_owes_nothing_is_left_out():
    found = look(
        row("1"), row("2", entered=JUNE), row("3", authority="B"), row("4", authority="B"),
        row("5", authority="C", entered=JUNE),
    ).authorities  # fmt: skip
    assert [(one.authority_name, one.overdue, one.due, one.share) for one in found] == [
        ("乙", 2, 2, 1.0),
        ("甲", 1, 2, 0.5),
    ]


def test_arrivals_are_told_up_to_the_last_day_that_has_ended():
    owed = look(row("1", entered=JUNE - timedelta(days=10)), row("2", entered=JUNE + timedelta(hours=9))).owed
    points = dict(arrivals_by_day(owed, "2021-06", AT, range(-12, 15)))
    assert (points[-11], points[-10], points[0], points[1]) == (0.0, 0.5, 0.5, 1.0)
    assert max(points) == 3


ROWS = st.builds(
    row,
    st.sampled_from("123456"),
    st.sampled_from(["2021-05", "2021-06"]),
    st.none() | st.datetimes(datetime(2021, 6, 1), datetime(2021, 7, 24)),
    authority=st.sampled_from("AB"),
    deadline=st.datetimes(datetime(2021, 6, 20), datetime(2021, 8, 5)),
    due=st.booleans(),
)


@given(st.lists(ROWS, unique_by=lambda one: (one["agency_code"], one["month"])))
def test_all_that_is_owed_is_counted_once_everywhere(rows):
    found = look(*rows)
    due = [one for one in rows if one["due"]]
    assert sum(line.due for line in found.months) == len(due) == len(found.owed)
    outcomes = [one.outcome for one in found.owed]
    for outcome in (ON_TIME, LATE, MISSING, OPEN):
        assert sum(getattr(line, outcome) for line in found.months) == outcomes.count(outcome)
    missing = outcomes.count(MISSING)
    assert sum(len(one.months) for one in found.debtors) == sum(one.overdue for one in found.authorities) == missing
    assert all(one.days >= 1 for one in found.debtors)
