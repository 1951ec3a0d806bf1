"""The outbox of notices, and addresses that were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "notices",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("transport", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("occasion", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("queued_at", _MOMENT, nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sender", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.Column("settled_at", _MOMENT),
        sa.Column("detail", sa.String(200)),
    )
    op.create_index("ix_notices_agency_code_month", "notices", ["agency_code", "month"])
    op.create_index("ix_notices_state_not_before", "notices", ["state", "not_before"])
    op.create_table(
        "bad_addresses",
        sa.Column("mac", sa.String(32), primary_key=True),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Undo the change; what was told is forgotten."""
    op.drop_table("bad_addresses")
    op.drop_table("notices")
