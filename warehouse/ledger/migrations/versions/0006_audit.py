"""The audit, chained by hash; what the ledger knows of before is chained as it stands, and a row says so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import sqlalchemy as sa
from alembic import op

from warehouse.ledger.audit import Deed, linked
from warehouse.ledger.audit_chain import BEGINNING, Anchor
from warehouse.ledger.columns import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BATCH = 10_000

_REFUSAL = "the audit is append-only"


def upgrade() -> None:
    """Change the schema."""
    table = op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("action", sa.String(24), nullable=False),
        sa.Column("agency_code", sa.String(10)),
        sa.Column("month", sa.String(7)),
        sa.Column("concerns", sa.String(80)),
        sa.Column("reason", sa.String(500)),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_agency_code_month", "audit", ["agency_code", "month"])
    _take_over(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )


def downgrade() -> None:
    """Undo the change; the audit is gone."""
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append_only()")


def _take_over(table: sa.Table) -> None:
    """Chain what is known of before, by its moment, and say so in a row of its own."""
    now, before = datetime.now(UTC), Anchor(0, BEGINNING)
    deeds = _deeds()
    while batch := list(islice(deeds, _BATCH)):
        rows = list(linked(batch, before, now))
        op.bulk_insert(table, rows)
        before = Anchor(rows[-1]["seq"], rows[-1]["hash"])
    if before.seq:
        said = f"{before.seq} rows of before were chained as they stood"
        op.bulk_insert(table, list(linked([Deed("chain_began", "migration", reason=said)], before, now)))


def _deeds() -> Iterator[Deed]:
    text, moment = sa.String, UtcDateTime
    none = sa.null()
    transitions = sa.table("transitions", sa.column("id"), *_columns("to_state actor agency_code month submission_id"))
    explanations = sa.table("explanations", sa.column("id"), *_columns("agency_code finding_key by reason_code"))
    closures = sa.table("closures", sa.column("id"), *_columns("code by reason"), sa.column("day", sa.Date))
    known = sa.union_all(
        sa.select(
            sa.column("at", moment), sa.literal(1).label("kind"), transitions.c.id,
            transitions.c.to_state.label("action"), transitions.c.actor, transitions.c.agency_code,
            transitions.c.month, transitions.c.submission_id.label("concerns"), sa.column("reason", text),
        ).select_from(transitions),
        sa.select(
            sa.column("at", moment), sa.literal(2), explanations.c.id,
            sa.case((explanations.c.reason_code.is_(none), "explanation_revoked"), else_="explained"),
            explanations.c.by, explanations.c.agency_code, sa.cast(none, text), explanations.c.finding_key,
            explanations.c.reason_code,
        ).select_from(explanations),
        sa.select(
            sa.column("at", moment), sa.literal(3), closures.c.id, sa.literal("closure_declared"), closures.c.by,
            closures.c.code, sa.cast(none, text), sa.cast(closures.c.day, text), closures.c.reason,
        ).select_from(closures),
    )  # fmt: skip
    ordered = known.order_by("at", "kind", "id").execution_options(yield_per=_BATCH)
    for at, _, _, action, actor, agency_code, month, concerns, reason in op.get_bind().execute(ordered):
        yield Deed(action, actor, agency_code or None, month or None, concerns, reason, at)


def _columns(names: str) -> list[sa.ColumnClause[str]]:
    return [sa.column(name, sa.String) for name in names.split()]
