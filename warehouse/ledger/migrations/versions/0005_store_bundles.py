"""Which bundles of the store count, where it is on an object store."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "store_bundles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_store_bundles"),
        sa.UniqueConstraint("name", "month", name="uq_store_bundles_name_month"),
    )
    op.create_index("ix_store_bundles_month_id", "store_bundles", ["month", "id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("store_bundles")
