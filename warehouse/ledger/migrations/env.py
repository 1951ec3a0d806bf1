"""Alembic runs this for each command; `warehouse.ledger.migrate` gives the connection, already in a transaction."""

from alembic import context

from warehouse.ledger import bundles, granted, models, outbox, retirements  # noqa: F401 — each adds its tables to the metadata
from warehouse.ledger.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite can, with the BEGIN that our engine sends; Alembic thinks that it cannot
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)
context.run_migrations()
