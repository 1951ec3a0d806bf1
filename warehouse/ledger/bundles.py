"""Which bundles of the store count: those named here, in the transaction that records what their files are about."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Integer, String, UniqueConstraint, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from warehouse.bundles import Bundle
from warehouse.ledger.base import Base, newest_of_a_month
from warehouse.ledger.engine import lock_months
from warehouse.store import UNKNOWN


class StoreBundle(Base):
    """資料檔包 A bundle of files of the store, on an object store: a row for each month that it has files of.

    Where several bundles have a file of the same name, that of the highest `id` counts.
    """

    __tablename__ = "store_bundles"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    name: Mapped[str] = mapped_column(String(80))
    files: Mapped[int]

    __table_args__ = (UniqueConstraint("name", "month"), newest_of_a_month())


def record_bundles(session: Session, bundles: Iterable[Bundle | None]) -> None:
    """Have these bundles count from this transaction's end: where files have the same name, over those before."""
    named = [one for one in bundles if one is not None]
    if named:
        # Numbered under the lock, the rows of a month become visible in the order of their numbers.
        lock_months(session, {"" if month == UNKNOWN else month for one in named for month in one.months})
        rows = [
            {"month": month, "name": one.name, "files": files} for one in named for month, files in one.months.items()
        ]
        session.execute(insert(StoreBundle), rows)


def bundles_of(session: Session, months: Collection[str] | None = None) -> dict[str, list[str]]:
    """Month (`warehouse.store.UNKNOWN` for none) → its bundles in their order; of these months, or of all."""
    query = select(StoreBundle.month, StoreBundle.name).order_by(StoreBundle.id)
    if months is not None:
        query = query.where(StoreBundle.month.in_(months))
    found: dict[str, list[str]] = defaultdict(list)
    for month, name in session.execute(query):
        found[month].append(name)
    return dict(found)


def replace_bundles(session: Session, before: Collection[str], bundles: Sequence[Bundle]) -> None:
    """Have these bundles count in place of those that did `before`; what others have recorded since goes on to count.

    In one transaction: whoever reads sees all of the one or of the other.
    """
    months = {month for (month,) in session.execute(select(StoreBundle.month).distinct())}
    lock_months(session, {"", *(months - {UNKNOWN})})
    replaced = set(before)
    for name in session.scalars(select(StoreBundle.name).distinct()).all():
        if name in replaced:
            session.execute(delete(StoreBundle).where(StoreBundle.name == name))
    record_bundles(session, bundles)
