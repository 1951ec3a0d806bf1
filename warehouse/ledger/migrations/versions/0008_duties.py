"""The calendar of duties: an agency's kind, and what is granted beside the calendar."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("agencies", sa.Column("kind", sa.String(20)))
    op.create_table(
        "duty_grants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("below", sa.Boolean, nullable=False),
        sa.Column("first_month", sa.String(7), nullable=False),
        sa.Column("last_month", sa.String(7)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("granted_by", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        *_audit(),
    )
    op.create_index("ix_duty_grants_code", "duty_grants", ["code"])
    op.create_table(
        "grant_withdrawals",
        sa.Column("grant_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.String(200), nullable=False),
        *_audit(),
        sa.ForeignKeyConstraint(["grant_id"], ["duty_grants.id"], name="fk_grant_withdrawals_duty_grants"),
    )


def downgrade() -> None:
    """Undo the change; what was granted is forgotten."""
    op.drop_table("grant_withdrawals")
    op.drop_table("duty_grants")
    with op.batch_alter_table("agencies") as agencies:
        agencies.drop_column("kind")


def _audit() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    ]
