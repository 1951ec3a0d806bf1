"""What the ledger's tables share: their base, the tie to a submission, the index of a month's newest row."""

from sqlalchemy import ColumnElement, ForeignKeyConstraint, FromClause, Index, MetaData, and_
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of every ledger table."""

    # Constraints get the same names on every database, so that a migration can speak of them.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def of_a_submission() -> ForeignKeyConstraint:
    """Tie a row to its submission: it cannot be there without."""
    return ForeignKeyConstraint(
        ["submission_id", "agency_code", "month"], ["submissions.id", "submissions.agency_code", "submissions.month"]
    )


def same_submission(one: type[Base] | FromClause, other: type[Base] | FromClause) -> ColumnElement[bool]:
    """Join two tables by the submission that their rows are of: one and the same document may be of several months."""
    pairs = zip(_submission_of(one), _submission_of(other), strict=True)
    return and_(*(mine == its for mine, its in pairs))


def _submission_of(table: type[Base] | FromClause) -> tuple[ColumnElement[str], ...]:
    columns = table.c if isinstance(table, FromClause) else table.__table__.c
    return columns["submission_id" if "submission_id" in columns else "id"], columns["agency_code"], columns["month"]


def newest_of_a_month() -> Index:
    """Find the newest row of a month at once: it tells whether anything of the month has changed since."""
    return Index(None, "month", "id")
