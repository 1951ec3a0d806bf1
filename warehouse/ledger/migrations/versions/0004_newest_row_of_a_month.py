"""A month's rows are found without reading those of the others, and its newest row in each table at once."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OF_A_MONTH = ("agency_months", "dataset_counts")
_NEWEST = ("arrivals", "transitions", "decisions", "reviews", "past_judgements")


def upgrade() -> None:
    """Change the schema."""
    for table in _NEWEST:
        op.create_index(f"ix_{table}_month_id", table, ["month", "id"])
    for table in _OF_A_MONTH:
        op.create_index(f"ix_{table}_month", table, ["month"])


def downgrade() -> None:
    """Undo the change."""
    for table in _OF_A_MONTH:
        op.drop_index(f"ix_{table}_month", table)
    for table in _NEWEST:
        op.drop_index(f"ix_{table}_month_id", table)
