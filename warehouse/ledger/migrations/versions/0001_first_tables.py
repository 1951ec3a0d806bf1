"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    _create_register()
    op.create_table(
        "submissions",
        *_key("id", primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("system", sa.String(40)),
        sa.Column("version", sa.String(40)),
        sa.Column("produced_at", sa.String(40)),
        sa.Column("supersedes", sa.String(64)),
        sa.Column("rule_set", sa.String(40)),
        sa.Column("fatal", sa.Integer, nullable=False),
        sa.Column("errors", sa.Integer, nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
    )
    op.create_index("ix_submissions_month_state", "submissions", ["month", "state"])
    op.create_index("ix_submissions_agency_code_month", "submissions", ["agency_code", "month"])
    _create_what_happened()
    op.create_table(
        "dataset_counts",
        *_key("submission_id", primary_key=True),
        sa.Column("dataset", sa.String(20), primary_key=True),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("entered", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("warned", sa.Integer, nullable=False),
        _of_a_submission("dataset_counts"),
    )
    op.create_table(
        "agency_months",
        sa.Column("agency_code", sa.String(10), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("submission_id", sa.String(64), nullable=False),
        sa.Column("first_entered_received_at", sa.DateTime(timezone=True), nullable=False),
        _of_a_submission("agency_months"),
    )
    op.create_table(
        "fetches",
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("agency_code", sa.String(10), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("etag", sa.Text),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("detail", sa.String),
        sa.Column("submission_id", sa.String(64)),
    )


def downgrade() -> None:
    """Undo the change: the tables that refer to others first."""
    for table in (
        "fetches",
        "agency_months",
        "dataset_counts",
        "transitions",
        "arrivals",
        "submissions",
        "obligations",
        "agencies",
    ):
        op.drop_table(table)


def _create_register() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent_code", sa.String(10)),
        sa.Column("authority_code", sa.String(10)),
        sa.Column("level", sa.Integer),
        sa.Column("active_from", sa.Date),
        sa.Column("active_to", sa.Date),
        sa.Column("expected_headcount", sa.Integer),
        sa.UniqueConstraint("agency_code", "active_from"),
    )
    op.create_index("ix_agencies_agency_code", "agencies", ["agency_code"])
    op.create_table(
        "obligations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_to", sa.Date),
        sa.Column("channel", sa.String(20)),
        sa.Column("exempt_reason", sa.Text),
        sa.Column("reported_by", sa.String(10)),
    )
    op.create_index("ix_obligations_agency_code", "obligations", ["agency_code"])


def _create_what_happened() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer, primary_key=True),
        *_key("submission_id"),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        _of_a_submission("arrivals"),
    )
    op.create_index("ix_arrivals_submission_id", "arrivals", ["submission_id"])
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer, primary_key=True),
        *_key("submission_id"),
        sa.Column("from_state", sa.String(24)),
        sa.Column("to_state", sa.String(24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        _of_a_submission("transitions"),
    )
    op.create_index("ix_transitions_submission_id", "transitions", ["submission_id"])


def _key(id_column: str, *, primary_key: bool = False) -> list[sa.Column[str]]:
    """Make the three columns that tell a submission."""
    return [
        sa.Column(id_column, sa.String(64), primary_key=primary_key, nullable=False),
        sa.Column("agency_code", sa.String(10), primary_key=primary_key, nullable=False),
        sa.Column("month", sa.String(7), primary_key=primary_key, nullable=False),
    ]


def _of_a_submission(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["submission_id", "agency_code", "month"],
        ["submissions.id", "submissions.agency_code", "submissions.month"],
        name=f"fk_{table}_submissions",
    )
