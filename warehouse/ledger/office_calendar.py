"""The ledger's tables of what changes the office calendar: imported editions of it, and closures.  Append-only.

What was known at a moment is what had been recorded by then, so a correction is a new row, never a changed one.
Written by `warehouse/office_calendar/editions.py` and `warehouse/register/closures.py` alone.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.ledger.base import Base
from warehouse.ledger.columns import OutsideText, UtcDateTime


class CalendarEdition(Base):
    """辦公日曆版本 A year of the office calendar as published (`sha256` is of the file), imported by whom and when."""

    __tablename__ = "calendar_editions"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    year: Mapped[int] = mapped_column(index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(OutsideText(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class OfficeDay(Base):
    """辦公日 A day of an edition, where no earlier one says the same: worked or off; the newest row of a day holds."""

    __tablename__ = "office_days"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("calendar_editions.id"), index=True)
    day: Mapped[date] = mapped_column(index=True)
    worked: Mapped[bool]
    remark: Mapped[str | None] = mapped_column(OutsideText(200))


class Closure(Base):
    """停止上班 Hours closed on a day; the newest row of a day and place holds, 0 is open.

    Declared for an agency and all below it (`code`), or for a county, or a town of it (`county`, `town`).
    """

    __tablename__ = "closures"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str | None] = mapped_column(String(10))
    county: Mapped[str | None] = mapped_column(String(10))
    town: Mapped[str | None] = mapped_column(String(10))
    day: Mapped[date] = mapped_column(index=True)
    hours: Mapped[int]
    reason: Mapped[str | None] = mapped_column(OutsideText(200))
    by: Mapped[str] = mapped_column(OutsideText(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
