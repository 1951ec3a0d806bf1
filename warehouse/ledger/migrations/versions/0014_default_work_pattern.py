"""The work pattern that an agency's row of the register states for its staff."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("agencies", sa.Column("default_work_pattern", sa.String(8)))


def downgrade() -> None:
    """Undo the change; stated work patterns are forgotten."""
    with op.batch_alter_table("agencies") as agencies:
        agencies.drop_column("default_work_pattern")
