"""Editions of the office calendar: what is kept of an import, what was known when, and who said so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from checks.model.office_days import is_worked
from tests.support.office_calendars import calendar_file, published_file
from warehouse.ledger.audit import listed
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.office_calendar import OfficeDay
from warehouse.office_calendar import import_calendar, list_editions, load_office_days
from warehouse.office_calendar.editions import import_moments
from warehouse.office_text import OfficeFileRefused

FIRST = datetime(2025, 1, 2, 1, tzinfo=UTC)
#: A Friday, worked as packaged, and a Saturday, off.
FRIDAY, SATURDAY = date(2025, 6, 6), date(2025, 6, 7)


def take(engine, data: bytes, at: datetime = FIRST):
    with writing(engine) as session:
        return import_calendar(session, data, by="operator", at=at)


def days(engine, at: datetime | None = None):
    with reading(engine) as session:
        return load_office_days(session, at)


def test_a_calendar_opens_days_as_well_as_closing_them(ledger):
    assert (is_worked(FRIDAY), is_worked(SATURDAY)) == (True, False)
    done = take(ledger, calendar_file(2025, turned={FRIDAY: False, SATURDAY: True}))
    assert (done.years, done.days, done.added, done.moved) == ([2025], 365, 365, [FRIDAY, SATURDAY])
    known = days(ledger)
    assert (known.is_worked(FRIDAY), known.is_worked(SATURDAY)) == (False, True)
    assert known.differing() == {FRIDAY: False, SATURDAY: True}
    assert known.is_worked(date(2024, 6, 7)) == is_worked(date(2024, 6, 7))


def test_the_same_file_again_changes_nothing(ledger):
    file = calendar_file(2024, 2025, turned={FRIDAY: False})
    take(ledger, file)
    done = take(ledger, file, FIRST + timedelta(days=1))
    assert (done.days, done.added, done.moved) == (731, 0, [])
    with reading(ledger) as session:
        assert [(one.year, one.days, one.by, one.at) for one in list_editions(session)] == [
            (2024, 366, "operator", FIRST), (2025, 365, "operator", FIRST),
        ]  # fmt: skip
        assert [one.year for one in list_editions(session, 2025)] == [2025]


def test_a_correction_is_recorded_beside_what_it_corrects(ledger):
    take(ledger, calendar_file(2025, turned={FRIDAY: False}))
    later = FIRST + timedelta(days=90)
    done = take(ledger, calendar_file(2025, turned={SATURDAY: True}), later)
    assert (done.added, done.moved) == (2, [FRIDAY, SATURDAY])
    assert days(ledger, FIRST - timedelta(seconds=1)).imported == {}
    assert days(ledger, FIRST).differing() == {FRIDAY: False}
    assert days(ledger).differing() == {SATURDAY: True}
    with reading(ledger) as session:
        assert import_moments(session) == [FIRST, later]
        assert session.scalar(select(func.count()).select_from(OfficeDay)) == 365 + 2


def test_the_audit_says_who_imported_what(ledger):
    take(ledger, calendar_file(2025, turned={FRIDAY: False}))
    with reading(ledger) as session:
        (noted,) = listed(session, actions=["calendar_imported"])
    assert (noted.actor, noted.at) == ("operator", FIRST)
    assert noted.concerns.startswith("2025 ")
    assert noted.reason == "365 days, worked otherwise than before: 2025-06-06"


def test_a_file_with_a_fault_imports_nothing(ledger):
    with pytest.raises(OfficeFileRefused):
        take(ledger, calendar_file(2025)[:-30])
    with reading(ledger) as session:
        assert list_editions(session) == []


def test_of_two_imports_at_once_one_comes_after_the_other(ledger):
    """Whichever is later, its days are those of one file and not of both."""
    turned = ({FRIDAY: False, date(2025, 12, 30): False}, {SATURDAY: True, date(2025, 12, 31): False})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: take(ledger, calendar_file(2025, turned=one)), turned))
    assert days(ledger).differing() in turned


def test_the_editions_of_2025_one_after_the_other(ledger):
    superseded, corrected = (published_file(f"office-calendar-114-{one}.csv") for one in ("superseded", "corrected"))
    assert take(ledger, superseded).added == 365
    done = take(ledger, corrected, FIRST + timedelta(days=30))
    assert (done.added, done.moved) == (2, [])
    assert take(ledger, corrected, FIRST + timedelta(days=31)).added == 0
