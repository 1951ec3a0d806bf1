"""A clock that disagrees: refused where PostgreSQL says so, seen where the ledger's newest rows do."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.submissions import arrive, arrived, day
from warehouse.ledger import clock
from warehouse.ledger.clock import ClockDisagrees, ahead_of, from_database, in_the_future, refuse_wrong
from warehouse.ledger.engine import reading


@pytest.mark.parametrize(("minutes", "said"), [(60 * 24 * 365, "ahead of"), (-7, "behind")])
def test_a_clock_that_postgresql_contradicts_is_refused(ledger, monkeypatch, minutes, said):
    monkeypatch.setattr(clock, "_system_now", lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    with reading(ledger) as session:
        if ledger.dialect.name == "sqlite":
            assert from_database(session) is None
            refuse_wrong(session)
        else:
            with pytest.raises(ClockDisagrees, match=said):
                refuse_wrong(session)


def test_a_clock_that_is_right_is_not_refused(ledger):
    with reading(ledger) as session:
        refuse_wrong(session)


def test_rows_from_the_future_are_seen(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(5) + timedelta(days=365)))
    now = day(6)
    with reading(ledger) as session:
        assert ahead_of(session, now) > timedelta(days=300)
        assert in_the_future(session, now) == 1
        assert in_the_future(session, now + timedelta(days=365)) == 0


def test_an_empty_ledger_contradicts_nobody(ledger):
    with reading(ledger) as session:
        assert ahead_of(session, day(5)) == timedelta(0)
