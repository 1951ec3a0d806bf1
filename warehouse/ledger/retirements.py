"""What was removed under the retention rules: a row a table and year, never changed.

A year of which anything was removed is retired: nothing of it is received, decided, reviewed, rebuilt or reported anew
any more.  Its figures are those of the archive.  Years are retired in their order.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from warehouse.ledger.base import Base
from warehouse.ledger.columns import OutsideText, UtcDateTime

#: Tables and years that were removed.
Gone = frozenset[tuple[str, int]]


class Retirement(Base):
    """屆期刪除 A year of a table that was removed: how many files or rows, their bytes, by whom, why."""

    __tablename__ = "retirements"

    table: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    items: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(OutsideText(200))
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class YearRetired(ValueError):  # noqa: N818 — says what happened
    """Something was asked of a year whose records were removed."""

    def __init__(self, month: str) -> None:
        self.month = month
        super().__init__(
            f"{month}: 該年度的資料已依保存年限刪除，不再異動 records of that year were removed under the retention "
            "rules and nothing of it changes any more: attendance retention show"
        )


def retired(session: Session) -> Gone:
    """The tables and years that were removed."""
    rows = session.execute(select(Retirement.table, Retirement.year))
    return frozenset((table, year) for table, year in rows)


def retired_years(gone: Gone) -> set[int]:
    """The years of which records were removed; notices are about a year and not of it."""
    return {year for table, year in gone if table != "notices"}


def first_open_month(session: Session) -> str:
    """The first month (`YYYY-MM`) of a year that is not retired; `""` where none is."""
    last = max(retired_years(retired(session)), default=None)
    return "" if last is None else f"{last + 1:04}-01"


def refuse_retired(session: Session, month: str) -> None:
    """Raise `YearRetired` for a month of a retired year."""
    if month < first_open_month(session):
        raise YearRetired(month)
