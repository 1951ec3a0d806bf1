"""Decisions over pointers, reviews across submissions, explanations, closures."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Change the schema."""
    with op.batch_alter_table("agency_months") as table:
        table.alter_column("submission_id", existing_type=sa.String(64), nullable=True)
        table.alter_column("first_entered_received_at", existing_type=_MOMENT, nullable=True)
        table.add_column(sa.Column("decided_at", _MOMENT))
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        *_agency_month(),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("from_submission", sa.String(64)),
        sa.Column("to_submission", sa.String(64)),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_index("ix_decisions_agency_code_month", "decisions", ["agency_code", "month"])
    _create_reviews()
    op.create_table(
        "explanations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("finding_key", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(4), nullable=False),
        sa.Column("record_id", sa.String(40)),
        sa.Column("reason_code", sa.String(20)),
        sa.Column("text", sa.String(500)),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("ix_explanations_agency_code", "explanations", ["agency_code"])
    op.create_index("ix_explanations_finding_key", "explanations", ["finding_key"])
    op.create_table(
        "closures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("hours", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("ix_closures_day", "closures", ["day"])


def downgrade() -> None:
    """Undo the change; agency-months that were withdrawn are forgotten, as the schema before has no word for them."""
    for name in ("closures", "explanations", "reviewed", "reviews", "decisions"):
        op.drop_table(name)
    op.execute("DELETE FROM agency_months WHERE submission_id IS NULL")
    with op.batch_alter_table("agency_months") as table:
        table.drop_column("decided_at")
        table.alter_column("first_entered_received_at", existing_type=_MOMENT, nullable=False)
        table.alter_column("submission_id", existing_type=sa.String(64), nullable=False)


def _create_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.String(64), nullable=False),
        *_agency_month(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("rule_set", sa.String(40), nullable=False),
        sa.Column("warnings", sa.Integer, nullable=False),
        sa.Column("warned_employees", sa.Integer, nullable=False),
        sa.Column("warned_leaves", sa.Integer, nullable=False),
        sa.Column("not_evaluated", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id", "agency_code", "month"],
            ["submissions.id", "submissions.agency_code", "submissions.month"],
            name="fk_reviews_submissions",
        ),
    )
    op.create_index("ix_reviews_month_agency_code", "reviews", ["month", "agency_code"])
    op.create_table(
        "reviewed",
        sa.Column("agency_code", sa.String(10), primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("submission_id", sa.String(64)),
    )


def _agency_month() -> list[sa.Column[str]]:
    return [
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
    ]
