"""Imported editions of the office calendar; closures of counties and towns, which postal codes place agencies in."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "calendar_editions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("ix_calendar_editions_year", "calendar_editions", ["year"])
    op.create_table(
        "office_days",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("edition_id", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("worked", sa.Boolean, nullable=False),
        sa.Column("remark", sa.String(200)),
        sa.ForeignKeyConstraint(["edition_id"], ["calendar_editions.id"], name="fk_office_days_calendar_editions"),
    )
    op.create_index("ix_office_days_edition_id", "office_days", ["edition_id"])
    op.create_index("ix_office_days_day", "office_days", ["day"])
    op.add_column("agencies", sa.Column("postal_code", sa.String(6)))
    with op.batch_alter_table("closures") as closures:
        closures.alter_column("code", existing_type=sa.String(10), nullable=True)
        closures.add_column(sa.Column("county", sa.String(10)))
        closures.add_column(sa.Column("town", sa.String(10)))


def downgrade() -> None:
    """Undo the change; imported calendars, closures of counties and towns, and postal codes are forgotten."""
    op.execute("DELETE FROM closures WHERE code IS NULL")
    with op.batch_alter_table("closures") as closures:
        closures.drop_column("town")
        closures.drop_column("county")
        closures.alter_column("code", existing_type=sa.String(10), nullable=False)
    with op.batch_alter_table("agencies") as agencies:
        agencies.drop_column("postal_code")
    op.drop_table("office_days")
    op.drop_table("calendar_editions")
