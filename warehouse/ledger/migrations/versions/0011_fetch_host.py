"""Which host a fetch asked, so that failures are told by host."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; what was fetched before names no host."""
    op.add_column("fetches", sa.Column("host", sa.String, nullable=True))


def downgrade() -> None:
    """Undo the change."""
    op.drop_column("fetches", "host")
