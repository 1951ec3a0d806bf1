"""What the checks had said before a submission was judged anew."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "past_judgements",
        *_of_a_submission("past_judgements"),
        sa.Column("rule_set", sa.String(40), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("fatal", "errors", "warnings")),
    )
    op.create_table(
        "past_counts",
        *_of_a_submission("past_counts"),
        sa.Column("dataset", sa.String(20), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("read", "entered", "refused", "warned")),
    )
    for table in ("past_judgements", "past_counts"):
        op.create_index(f"ix_{table}_submission_id", table, ["submission_id"])


def downgrade() -> None:
    """Undo the change; what was known before is forgotten."""
    op.drop_table("past_counts")
    op.drop_table("past_judgements")


def _of_a_submission(table: str) -> list[sa.schema.SchemaItem]:
    key = ("submission_id", "agency_code", "month")
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.String(64), nullable=False),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            key, ["submissions.id", "submissions.agency_code", "submissions.month"], name=f"fk_{table}_submissions"
        ),
    ]
