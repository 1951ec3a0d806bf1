"""The ledger and the register, brought into DuckDB as `ledger.*` for one publishing or one question.

An attached database in memory: nothing of it stays in the warehouse.  All moments are local time in Asia/Taipei.
What a submission, a count or an answer is of a month is there for the months asked for, and for no others.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse import reports
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties
from warehouse.ledger.base import Base
from warehouse.ledger.models import (
    AgencyMonth,
    Arrival,
    DatasetCount,
    Decision,
    Explanation,
    PastCount,
    PastJudgement,
    Review,
    Submission,
    Transition,
)
from warehouse.publish.known import KnownMonths
from warehouse.register.agencies import month_days
from warehouse.register.frames import agencies_frame, closures

OUT_OF_SCOPE = "當月不在機關代碼檔或不在收件期間 not in force in that month, or outside the months collected"

#: Rows of the ledger in memory at once.
_BATCH = 100_000

_TABLES = """
    CREATE TABLE ledger.months (month VARCHAR, number INTEGER, first_day DATE, last_day DATE, deadline TIMESTAMP,
        passed BOOLEAN, corrections_close TIMESTAMP);
    CREATE TABLE ledger.agencies (agency_code VARCHAR, name VARCHAR, parent_code VARCHAR, authority_code VARCHAR,
        level INTEGER, active_from DATE, active_to DATE, channel VARCHAR, expected_headcount INTEGER, kind VARCHAR,
        is_school BOOLEAN, default_work_pattern VARCHAR, postal_code VARCHAR, county VARCHAR, town VARCHAR);
    CREATE TABLE ledger.trees (tree INTEGER, agency_code VARCHAR, ancestor_code VARCHAR);
    CREATE TABLE ledger.month_trees (month VARCHAR, tree INTEGER);
    CREATE TABLE ledger.due (agency_code VARCHAR, month VARCHAR, due BOOLEAN, reason VARCHAR,
        expected_headcount INTEGER, deadline TIMESTAMP, passed BOOLEAN);
    CREATE TABLE ledger.duty_grants (id INTEGER, kind VARCHAR, code VARCHAR, below BOOLEAN, first_month VARCHAR,
        last_month VARCHAR, until TIMESTAMP, granted_by VARCHAR, because VARCHAR, "at" TIMESTAMP);
    CREATE TABLE ledger.submissions (id VARCHAR, agency_code VARCHAR, month VARCHAR, channel VARCHAR, state VARCHAR,
        bytes BIGINT, first_received_at TIMESTAMP, received_at TIMESTAMP, sequence BIGINT, system VARCHAR,
        version VARCHAR,
        produced_at VARCHAR, supersedes VARCHAR, rule_set VARCHAR, fatal INTEGER, errors INTEGER, warnings INTEGER,
        outcome VARCHAR);
    CREATE TABLE ledger.agency_months (agency_code VARCHAR, month VARCHAR, submission_id VARCHAR,
        first_entered_received_at TIMESTAMP);
    CREATE TABLE ledger.dataset_counts (submission_id VARCHAR, agency_code VARCHAR, month VARCHAR, dataset VARCHAR,
        read BIGINT, entered BIGINT, refused BIGINT, warned BIGINT);
    CREATE TABLE ledger.reviews (id BIGINT, submission_id VARCHAR, agency_code VARCHAR, month VARCHAR, "at" TIMESTAMP,
        rule_set VARCHAR, warnings INTEGER, warned_employees INTEGER, warned_leaves INTEGER, not_evaluated VARCHAR);
    CREATE TABLE ledger.explanations (id BIGINT, agency_code VARCHAR, finding_key VARCHAR, rule VARCHAR,
        record_id VARCHAR, reason_code VARCHAR, "text" VARCHAR, "by" VARCHAR, "at" TIMESTAMP);
    CREATE TABLE ledger.corrections (agency_code VARCHAR, month VARCHAR, errors_found BIGINT, errors_mended BIGINT);
"""
_PAST_TABLES = """
    CREATE TABLE ledger.arrivals (id BIGINT, submission_id VARCHAR, agency_code VARCHAR, month VARCHAR,
        received_at TIMESTAMP, sequence BIGINT);
    CREATE TABLE ledger.transitions (id BIGINT, submission_id VARCHAR, agency_code VARCHAR, month VARCHAR,
        to_state VARCHAR, "at" TIMESTAMP);
    CREATE TABLE ledger.decisions (id BIGINT, agency_code VARCHAR, month VARCHAR, kind VARCHAR, from_submission VARCHAR,
        to_submission VARCHAR, sequence BIGINT, "at" TIMESTAMP);
    CREATE TABLE ledger.past_judgements (id BIGINT, submission_id VARCHAR, agency_code VARCHAR, month VARCHAR,
        "until" TIMESTAMP, rule_set VARCHAR, fatal INTEGER, errors INTEGER, warnings INTEGER);
    CREATE TABLE ledger.past_counts (id BIGINT, submission_id VARCHAR, agency_code VARCHAR, month VARCHAR,
        "until" TIMESTAMP, dataset VARCHAR, read BIGINT, entered BIGINT, refused BIGINT, warned BIGINT);
"""
#: What a submission's state says of the judgement; `received` waits for one.
_OUTCOMES = """
    UPDATE ledger.submissions SET outcome = CASE
        WHEN state IN ('refused', 'withdrawn') THEN state WHEN state <> 'received' THEN 'entered' END
"""
#: What was answered after a moment.  Only of a past one: a clock that went back makes nothing of now unsaid.
_LATER_ANSWERS = """
    DELETE FROM ledger.reviews WHERE "at" > $as_of;
    DELETE FROM ledger.explanations WHERE "at" > $as_of;
"""
#: The newest answers: of the rules across submissions, whose warnings are added to those of the document's own
#: check, and of the agencies to warnings.
_ANSWERS = """
    DELETE FROM ledger.reviews WHERE id NOT IN (
        SELECT max(id) FROM ledger.reviews GROUP BY submission_id, agency_code, month);
    DELETE FROM ledger.explanations WHERE id NOT IN (SELECT max(id) FROM ledger.explanations GROUP BY finding_key);
    DELETE FROM ledger.explanations WHERE reason_code IS NULL;
    UPDATE ledger.submissions AS s SET warnings = s.warnings + r.warnings FROM ledger.reviews r
    WHERE r.submission_id = s.id AND r.agency_code = s.agency_code AND r.month = s.month;
    UPDATE ledger.dataset_counts AS c SET warned = c.warned
        + CASE c.dataset WHEN 'employees' THEN r.warned_employees WHEN 'leaves' THEN r.warned_leaves ELSE 0 END
    FROM ledger.reviews r
    WHERE r.submission_id = c.submission_id AND r.agency_code = c.agency_code AND r.month = c.month;
"""
#: Agency-months that nobody owes and that something was handed in for all the same.
_UNASKED = """
    INSERT INTO ledger.due BY NAME
    SELECT DISTINCT s.agency_code, s.month, false AS due, $reason AS reason, m.deadline, m.passed
    FROM ledger.submissions s
    JOIN ledger.agencies USING (agency_code)
    JOIN ledger.months m USING (month)
    ANTI JOIN ledger.due d ON d.agency_code = s.agency_code AND d.month = s.month
"""


def stage(
    connection: duckdb.DuckDBPyConnection,
    session: Session,
    duties: Duties,
    known: KnownMonths,
    periods: Collection[str],
    *,
    now: datetime,
    as_of: datetime | None = None,
) -> None:
    """Attach `ledger` to the connection and fill it with these periods: as it is, or as it was `as_of` a moment.

    `duties` are those of the same moment.
    `now` is the moment at which deadlines are judged unless `as_of` is given.  Both are aware.  Who is below whom is
    there for every month, as a year's figures need it for all of theirs.
    """
    connection.execute("ATTACH ':memory:' AS ledger")
    connection.execute(_TABLES)
    months = known.named(periods)
    _copy_tables(connection, session, (Submission, AgencyMonth, DatasetCount, Explanation, Review), months)
    connection.execute(_OUTCOMES)
    if as_of is not None:
        connection.execute(_PAST_TABLES)
        _copy_tables(connection, session, (Arrival, Decision, PastCount, PastJudgement, Transition), months)
        _execute_all(connection, reports.sql("as_of") + _LATER_ANSWERS, as_of)
    connection.execute(_ANSWERS)
    _stage_months(connection, duties, known, as_of or now)
    _stage_register(connection, duties, known, periods, as_of or now)
    _stage_grants(connection, duties)
    connection.execute(_UNASKED, {"reason": OUT_OF_SCOPE})
    connection.execute(reports.sql("definitions"))


def _execute_all(connection: duckdb.DuckDBPyConnection, statements: str, as_of: datetime) -> None:
    """Run statements of which some name `$as_of`."""
    for statement in connection.extract_statements(statements):
        connection.execute(statement, {"as_of": _local(as_of)} if "$as_of" in statement.query else None)


def _copy_tables(
    connection: duckdb.DuckDBPyConnection, session: Session, models: Iterable[type[Base]], months: Sequence[str]
) -> None:
    """Copy the columns that the staged table has, in batches; of a table by month the rows of these months.

    Through Arrow, as the ledger may be SQLite or PostgreSQL and DuckDB's readers of these are extensions.
    """
    for model in models:
        name = model.__tablename__
        staged = dict(row[:2] for row in connection.execute(f"DESCRIBE ledger.{name}").fetchall())
        kept = [column for column in staged if column in model.__table__.columns]
        query = select(*(model.__table__.c[column] for column in kept)).execution_options(yield_per=_BATCH)
        if "month" in staged:
            query = query.where(model.__table__.c.month.in_(months))
        for batch in session.execute(query).partitions():
            columns = zip(kept, zip(*batch, strict=True), strict=True)
            _insert(connection, name, pa.table({column: _arrow(values, staged[column]) for column, values in columns}))


def _arrow(values: Sequence[object], staged_as: str) -> pa.Array:
    if staged_as != "TIMESTAMP":
        return pa.array(values)
    return pc.local_timestamp(pa.array(values, pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us", tz=TAIPEI.key)))


def _stage_register(
    connection: duckdb.DuckDBPyConnection,
    duties: Duties,
    known: KnownMonths,
    periods: Collection[str],
    moment: datetime,
) -> None:
    register = duties.register
    _insert(connection, "agencies", _from_frame(agencies_frame(register)))
    for tree, (closure, months) in enumerate(closures(register, known.owed)):
        _insert(
            connection,
            "trees",
            closure.drop_columns(["month", "depth"]).append_column("tree", _repeated(tree, closure)),
        )
        _insert(connection, "month_trees", _from_rows([(month, tree) for month in months], ["month", "tree"]))
    for month in known.owed:
        if month in periods:
            _insert(connection, "due", _due(duties, month, moment))


def _due(duties: Duties, month: str, moment: datetime) -> pa.Table:
    """Each agency in force in the month: whether it owes it, why, and until when."""
    said, listed = duties.of_month(month), duties.register.of_month(month)
    codes = [*said.due, *said.not_due]
    why = [*(one.why for one in said.due.values()), *(one.why for one in said.not_due.values())]
    until = [said.until(code) for code in codes]
    return pa.table(
        {
            "agency_code": pa.array(codes, pa.string()),
            "month": pa.repeat(month, len(codes)),
            "due": pa.array([code in said.due for code in codes], pa.bool_()),
            "reason": pa.array(why, pa.string()),
            "expected_headcount": pa.array(
                [listed[code].expected_headcount if code in said.due else None for code in codes], pa.int32()
            ),
            "deadline": pa.array([_local(at) for at in until], pa.timestamp("us")),
            "passed": pa.array([at <= moment for at in until], pa.bool_()),
        }
    )


def _stage_grants(connection: duckdb.DuckDBPyConnection, duties: Duties) -> None:
    columns = ("id", "kind", "code", "below", "first_month", "last_month", "granted_by", "because", "until", "at")
    rows = [
        (
            *(one.id, one.kind, one.code, one.below, one.first_month, one.last_month, one.granted_by, one.reason),
            *(one.until and _local(one.until), _local(one.at)),
        )
        for one in duties.grants
    ]
    _insert(connection, "duty_grants", _from_rows(rows, columns))


def _repeated(number: int, table: pa.Table) -> pa.Array:
    return pa.repeat(pa.scalar(number, pa.int32()), table.num_rows)


def _stage_months(connection: duckdb.DuckDBPyConnection, duties: Duties, known: KnownMonths, moment: datetime) -> None:
    rows = []
    for month in known.months:
        first, last = month_days(month)
        due, corrections = duties.calendar.due(month), duties.calendar.corrections_close(month)
        number = first.year * 12 + first.month
        rows.append((month, number, first, last, _local(due), due <= moment, _local(corrections)))
    columns = ["month", "number", "first_day", "last_day", "deadline", "passed", "corrections_close"]
    _insert(connection, "months", _from_rows(rows, columns))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO ledger.{table} BY NAME SELECT * FROM incoming")  # noqa: S608 — our own names
    connection.unregister("incoming")


def _from_frame(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _from_rows(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pa.Table:
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.table({column: pa.array(list(value)) for column, value in zip(columns, values, strict=True)})


def _local(moment: datetime) -> datetime:
    """Tell the moment by the clocks of Taipei, without a zone, as everything in the warehouse does."""
    return moment.astimezone(TAIPEI).replace(tzinfo=None)
