"""Who may do what in the portal: authorisations, sessions, tokens of systems."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    _authorisations()
    op.create_table(
        "portal_sessions",
        sa.Column("cookie_hash", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(120), nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_portal_sessions_account", "portal_sessions", ["account"])
    _tokens()


def downgrade() -> None:
    """Undo the change; who was authorised is forgotten."""
    for table in (
        "idempotency_keys",
        "api_token_revocations",
        "api_tokens",
        "portal_sessions",
        "authorisation_withdrawals",
        "authorisations",
    ):
        op.drop_table(table)


def _authorisations() -> None:
    op.create_table(
        "authorisations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String(120), nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("agency_code", sa.String(10)),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date),
        sa.Column("reason", sa.String(200), nullable=False),
        *_by_whom(),
    )
    op.create_index("ix_authorisations_account", "authorisations", ["account"])
    op.create_index("ix_authorisations_agency_code", "authorisations", ["agency_code"])
    op.create_table(
        "authorisation_withdrawals",
        sa.Column("authorisation_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.String(200), nullable=False),
        *_by_whom(),
        sa.ForeignKeyConstraint(
            ["authorisation_id"], ["authorisations.id"], name="fk_authorisation_withdrawals_authorisations"
        ),
    )


def _tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("agency_code", sa.String(10), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("scopes", sa.String(60), nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        *_by_whom(),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_agency_code", "api_tokens", ["agency_code"])
    op.create_table(
        "api_token_revocations",
        sa.Column("token_id", sa.Integer, primary_key=True, autoincrement=False),
        *_by_whom(),
        sa.ForeignKeyConstraint(["token_id"], ["api_tokens.id"], name="fk_api_token_revocations_api_tokens"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("token_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("submission_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["api_tokens.id"], name="fk_idempotency_keys_api_tokens"),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])


def _by_whom() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    ]
