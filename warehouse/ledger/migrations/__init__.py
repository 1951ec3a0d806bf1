"""Alembic's environment of the ledger; run by `warehouse.ledger.migrate`, never by a configuration file."""
