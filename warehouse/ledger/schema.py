"""All tables of the ledger as this program knows them: each module that adds some is imported here."""

from sqlalchemy import MetaData

from warehouse.ledger import audit, bundles, granted, models, outbox, retirements  # noqa: F401 — each adds its tables
from warehouse.ledger.base import Base


def tables() -> MetaData:
    """The tables, as the newest migration leaves them."""
    return Base.metadata
