"""Alembic runs this for each command; `warehouse.ledger.migrate` gives the connection, already in a transaction."""

from alembic import context

from warehouse.ledger.schema import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables(),
    transactional_ddl=True,  # SQLite can, with the BEGIN that our engine sends; Alembic thinks that it cannot
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)
context.run_migrations()
