"""All tables of the ledger as this program knows them: each module that adds some is imported here."""

from sqlalchemy import MetaData

from warehouse.ledger import (  # noqa: F401 — each adds its tables
    access,
    audit,
    bundles,
    granted,
    models,
    office_calendar,
    outbox,
    retirements,
)
from warehouse.ledger.base import Base


def tables() -> MetaData:
    """The tables, as the newest migration leaves them."""
    return Base.metadata
