"""What the ledger's tables share: their base, the tie to a submission, the index of a month's newest row."""

from sqlalchemy import ForeignKeyConstraint, Index, MetaData
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


def newest_of_a_month() -> Index:
    """Find the newest row of a month at once: it tells whether anything of the month has changed since."""
    return Index(None, "month", "id")
