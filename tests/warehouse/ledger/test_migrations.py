"""What a migration does to rows that were there before it; that the schemas agree is in `test_engine.py`."""

from datetime import timedelta

from alembic import command
from sqlalchemy import select

from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, pointer, result, sha
from warehouse.deadlines import month_end
from warehouse.ledger.engine import reading
from warehouse.ledger.migrate import configuration
from warehouse.ledger.models import Submission

OTHER, NEVER = "A15000000H", "A15000000J"
EARLY = month_end(MONTH) - timedelta(days=2)


def test_what_came_before_the_month_had_ended_is_judged_by_what_came_after(ledger):
    """0015: the arrivals know when that was, of the same bytes or of others."""
    for name, agency, moments in (
        ("again", AGENCY, [EARLY, day(5), day(6)]),
        ("first", OTHER, [EARLY]),
        ("corrected", OTHER, [day(22)]),
        ("only", NEVER, [EARLY]),
    ):
        arrive(ledger, *(arrived(name, at, agency) for at in moments))
        judge(ledger, result(name, agency_code=agency))
    expected = {code: pointer(ledger, code).first_entered_received_at for code in (AGENCY, OTHER, NEVER)}
    assert expected == {AGENCY: day(5), OTHER: day(22), NEVER: None}
    with ledger.begin() as connection:
        command.downgrade(configuration(connection), "0014")
    assert {code: pointer(ledger, code).first_entered_received_at for code in expected} == dict.fromkeys(
        expected, EARLY
    )
    with ledger.begin() as connection:
        command.upgrade(configuration(connection), "head")
    assert {code: pointer(ledger, code).first_entered_received_at for code in expected} == expected
    with reading(ledger) as session:
        firsts = dict(session.execute(select(Submission.id, Submission.first_received_at)).all())
    assert firsts == {sha("again"): day(5), sha("first"): EARLY, sha("corrected"): day(22), sha("only"): EARLY}
