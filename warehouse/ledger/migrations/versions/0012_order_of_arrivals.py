"""The order of submissions is the ledger's own, by the order of recording, and no machine's clock.

What was recorded before keeps the order that it had: by the time of arrival, so that no figure changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)

#: A table of its own, as SQLite would number all rows anew for each that it updates.
_NUMBERED = """
    CREATE TEMPORARY TABLE numbered AS
    SELECT id, row_number() OVER (PARTITION BY month ORDER BY received_at, submission_id, id) AS number FROM arrivals
"""
_ARRIVALS = sa.table("arrivals", *map(sa.column, ("submission_id", "agency_code", "month", "sequence")))
_SUBMISSIONS = sa.table("submissions", *map(sa.column, ("id", "agency_code", "month", "sequence")))
_NEWEST = (
    sa.select(sa.func.coalesce(sa.func.max(_ARRIVALS.c.sequence), 0))
    .where(
        _ARRIVALS.c.submission_id == _SUBMISSIONS.c.id,
        _ARRIVALS.c.agency_code == _SUBMISSIONS.c.agency_code,
        _ARRIVALS.c.month == _SUBMISSIONS.c.month,
    )
    .scalar_subquery()
)
_OF_DECISIONS = """
    UPDATE decisions SET sequence = coalesce((
        SELECT max(a.sequence) FROM arrivals a WHERE a.month = decisions.month AND a.received_at <= decisions.at), 0)
"""
_OF_POINTERS = """
    UPDATE agency_months SET decided_after = (
        SELECT d.sequence FROM decisions d
        WHERE d.agency_code = agency_months.agency_code AND d.month = agency_months.month ORDER BY d.id DESC LIMIT 1)
    WHERE decided_at IS NOT NULL
"""


def upgrade() -> None:
    """Change the schema."""
    for table in ("arrivals", "submissions", "decisions"):
        op.add_column(table, sa.Column("sequence", sa.Integer, nullable=False, server_default="0"))
    op.add_column("agency_months", sa.Column("decided_after", sa.Integer, nullable=True))
    op.execute(_NUMBERED)
    op.execute("CREATE UNIQUE INDEX ix_numbered ON numbered (id)")
    op.execute("UPDATE arrivals SET sequence = (SELECT number FROM numbered WHERE numbered.id = arrivals.id)")
    op.execute("DROP TABLE numbered")
    op.create_index("ix_arrivals_month_sequence", "arrivals", ["month", "sequence"])
    op.execute(sa.update(_SUBMISSIONS).values(sequence=_NEWEST))
    for statement in (_OF_DECISIONS, _OF_POINTERS):
        op.execute(statement)
    op.drop_column("agency_months", "decided_at")


def downgrade() -> None:
    """Undo the change; when a pointer was decided is told by its newest decision."""
    op.add_column("agency_months", sa.Column("decided_at", _MOMENT))
    op.execute("""
        UPDATE agency_months SET decided_at = (
            SELECT d.at FROM decisions d
            WHERE d.agency_code = agency_months.agency_code AND d.month = agency_months.month
            ORDER BY d.id DESC LIMIT 1)
        WHERE decided_after IS NOT NULL
    """)
    op.drop_index("ix_arrivals_month_sequence", "arrivals")
    op.drop_column("agency_months", "decided_after")
    for table in ("arrivals", "submissions", "decisions"):
        op.drop_column(table, "sequence")
