"""Opening the ledger, its schema, and who may read and write at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, pointer, result, sha, states
from warehouse.ledger.base import Base
from warehouse.ledger.engine import LedgerLost, LedgerUnavailable, open_ledger, reading, writing
from warehouse.ledger.migrate import LedgerTooNew, configuration
from warehouse.ledger.models import AgencyMonth, Fetch, Submission


def test_migrated_schema_is_what_the_models_say(ledger):
    with ledger.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []


def test_schema_comparison_would_notice_a_difference(ledger):
    with ledger.begin() as connection:
        connection.execute(text("ALTER TABLE fetches ADD COLUMN stray INTEGER"))
        connection.execute(text("DROP INDEX ix_arrivals_submission_id"))
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert {difference[0] for difference in differences} == {"remove_column", "add_index"}


def test_migrations_can_be_undone_and_done_again(ledger):
    with ledger.begin() as connection:
        command.downgrade(configuration(connection), "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        command.upgrade(configuration(connection), "head")
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_opening_again_keeps_what_is_there(ledger_url):
    first = open_ledger(ledger_url)
    arrive(first, arrived("a", day(5)))
    first.dispose()
    second = open_ledger(ledger_url)
    assert states(second) == {sha("a"): "received"}
    second.dispose()


def test_many_may_open_a_new_ledger_at_once(ledger_url):
    barrier = threading.Barrier(6)

    def open_together(_):
        barrier.wait()
        engine = open_ledger(ledger_url)
        tables = inspect(engine).get_table_names()
        engine.dispose()
        return len(tables)

    with ThreadPoolExecutor(6) as pool:
        counted = list(pool.map(open_together, range(6)))
    assert counted == [len(Base.metadata.tables) + 1] * 6


def test_ledger_of_a_newer_program_is_left_alone(ledger_url):
    engine = open_ledger(ledger_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerTooNew, match="9999"):
        open_ledger(ledger_url)


def test_migration_that_fails_leaves_nothing(ledger_url):
    plain = create_engine(ledger_url)
    with plain.begin() as connection:
        connection.execute(text("CREATE TABLE transitions (a INTEGER)"))  # the migration will meet it in the middle
    with pytest.raises((DBAPIError, LedgerUnavailable), match="transitions"):
        open_ledger(ledger_url)
    assert set(inspect(plain).get_table_names()) <= {"transitions", "alembic_version"}
    plain.dispose()


def test_unreachable_ledger_says_so_without_its_password(tmp_path):
    with pytest.raises(LedgerUnavailable, match="cannot open the ledger") as postgresql:
        open_ledger("postgresql+psycopg://clerk:s3cret@127.0.0.1:1/ledger")
    assert "s3cret" not in str(postgresql.value)
    with pytest.raises(LedgerUnavailable, match="unable to open"):
        open_ledger(f"sqlite:///{tmp_path}/no/such/folder/ledger.sqlite")


def test_readers_see_one_moment_and_never_wait_for_a_writer(ledger):
    arrive(ledger, arrived("a", day(5)))
    with reading(ledger) as reader:
        before = reader.get_one(Submission, (sha("a"), AGENCY, MONTH)).state
        judge(ledger, result("a"))  # a writer comes and goes while the reader reads on
        reader.expire_all()
        after = reader.get_one(Submission, (sha("a"), AGENCY, MONTH)).state
    assert (before, after) == ("received", "received")
    assert states(ledger) == {sha("a"): "entered"}


def test_reader_gets_through_while_a_writer_has_not_finished(ledger):
    arrive(ledger, arrived("a", day(5)))
    with writing(ledger) as writer:
        writer.execute(text("UPDATE submissions SET fatal = 7"))
        with reading(ledger) as reader:
            assert reader.get_one(Submission, (sha("a"), AGENCY, MONTH)).fatal == 0


def test_reading_session_cannot_write(ledger):
    with reading(ledger) as session, pytest.raises(DBAPIError, match=r"read-?only"):
        session.execute(text("DELETE FROM arrivals"))
    with writing(ledger) as session:  # the same connection of the pool writes again
        session.execute(text("DELETE FROM arrivals"))


def test_error_in_a_writing_block_undoes_all_of_it(ledger):
    with pytest.raises(ZeroDivisionError), writing(ledger) as session:  # noqa: PT012 — the block is what is tested
        session.add(_fetch())
        session.flush()
        _ = 1 / 0
    with reading(ledger) as session:
        assert session.get(Fetch, ("webitr", AGENCY, MONTH)) is None


def test_pointer_to_nothing_is_refused(ledger):
    lost = AgencyMonth(agency_code=AGENCY, month=MONTH, submission_id=sha("x"), first_entered_received_at=day(5))
    with pytest.raises(IntegrityError), writing(ledger) as session:
        session.add(lost)
    assert pointer(ledger) is None


def test_moment_without_a_zone_is_refused(ledger):
    with pytest.raises(StatementError, match="needs a time zone"), writing(ledger) as session:
        session.add(_fetch(fetched_at=datetime(2021, 7, 5)))


def test_text_from_outside_never_breaks_a_batch(ledger):
    with writing(ledger) as session:
        session.add(_fetch(detail="nul\0, half a pair \ud800"))
    with reading(ledger) as session:
        assert session.get_one(Fetch, ("webitr", AGENCY, MONTH)).detail == "nul�, half a pair ?"
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a", "refused", system="長" * 1000, version="\0\udfff"))
    with reading(ledger) as session:
        stored = session.get_one(Submission, (sha("a"), AGENCY, MONTH))
    assert (stored.system, stored.version) == ("長" * 40, "�?")


def test_sqlite_commits_reach_the_disk(tmp_path):
    engine = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with reading(engine) as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()


def _fetch(**columns) -> Fetch:
    return Fetch(
        **{"channel": "webitr", "agency_code": AGENCY, "month": MONTH, "fetched_at": day(5), "outcome": "new"} | columns
    )


def test_a_database_that_gives_up_is_one_line_without_statement_or_password(ledger):
    """On SQLite its disk is full, on PostgreSQL its session is ended."""
    statement = text("INSERT INTO decisions (reason) SELECT 'a secret value' || :much")
    with pytest.raises(LedgerLost) as lost, writing(ledger) as session:  # noqa: PT012 — the block is what is tested
        if ledger.dialect.name == "sqlite":
            session.execute(text("PRAGMA max_page_count=1"))  # as many as there are
            statement = text("CREATE TABLE more AS SELECT 'a secret value' || :much AS value")
        else:
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            with ledger.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        session.execute(statement, {"much": "x" * 100_000})
    said = str(lost.value)
    assert "run it again" in said
    assert "\n" not in said
    assert "secret" not in said
    assert (ledger.url.password or "no password") not in said
