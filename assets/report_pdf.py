"""A report as PDF, to print and to file: A4 landscape, the heading of the table on each page, pages numbered.

Set in the font of `assets/fonts`, of which only the characters used are in the file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from assets.font import FONT
from assets.report_words import shown

#: Rows that one file takes: some 170 pages.  Nobody reads more on paper.
MOST_ROWS = 5_000

_NAME = "AttendanceSansTC"
_SIZE, _TITLE, _ASIDE = 8, 14, 9
#: Millimetres.
_MARGIN, _LINE, _PADDING, _NARROWEST = 10, 5, 2, 10
#: Rows that the widths of columns are taken from.
_MEASURED = 200
_CUT = "…"
_GREY = (217, 225, 242)


class TooManyForPaper(ValueError):  # noqa: N818 — reads as what it is
    """More rows than a PDF takes."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        super().__init__(
            f"資料有 {rows:,} 列，PDF 至多 {MOST_ROWS:,} 列：請縮小範圍，或改下載 XLSX、ODS、CSV "
            f"{rows:,} rows; a PDF takes {MOST_ROWS:,}: narrow it down, or take XLSX, ODS or CSV"
        )


@dataclass(frozen=True)
class Paper:
    """What a PDF shows: `columns` are the report's, `head` what they are called, `notes` lines under the title.

    `made_at` is in Taipei, and the file's own date.
    """

    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    made_at: datetime

    def __post_init__(self) -> None:
        """Raises `TooManyForPaper`."""
        see_that_it_fits(len(self.rows))

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers, and are set right."""
        return [
            name.endswith("_ratio")
            or any(isinstance(row[n], int | float | Decimal) and not isinstance(row[n], bool) for row in self.rows)
            for n, name in enumerate(self.columns)
        ]


def see_that_it_fits(rows: int) -> None:
    """Raise `TooManyForPaper` where so many rows are too many."""
    if rows > MOST_ROWS:
        raise TooManyForPaper(rows)


def write_pdf(paper: Paper, file: IO[bytes]) -> None:
    """Write it to a binary file."""
    pages = _Pages(paper)
    pages.add_page()
    pages.lead()
    pages.headings()
    for row in paper.rows:
        pages.row([shown(name, value) or "—" for name, value in zip(paper.columns, row, strict=True)])
    if not paper.rows:
        pages.cell(0, 2 * _LINE, "沒有資料", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    file.write(pages.output())


class _Pages(FPDF):
    """The pages of one table."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(orientation="L", format="A4")
        self._paper = paper
        self.set_title(paper.title)
        self.set_lang("zh-TW")
        self.set_creation_date(paper.made_at)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=False)
        self.add_font(_NAME, fname=FONT)
        self.set_font(_NAME, size=_SIZE)
        self._aligned = ["R" if number else "L" for number in paper.numeric]
        self._widths = self._fitting()

    def lead(self) -> None:
        """The title and what it is about, on the first page."""
        self.set_font(_NAME, size=_TITLE)
        self.cell(0, 2 * _LINE, self._paper.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(_NAME, size=_ASIDE)
        for line in self._paper.notes:
            self.cell(0, _LINE, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(_PADDING)

    def headings(self) -> None:
        """The headings of the columns, again on each page."""
        self.set_font(_NAME, size=_SIZE)
        self.set_fill_color(*_GREY)
        for width, name, align in zip(self._widths, self._paper.head, self._aligned, strict=True):
            self.cell(width, _LINE + 1, self._cut(name, width), border=1, align=align, fill=True)
        self.ln(_LINE + 1)

    def row(self, cells: Sequence[str]) -> None:
        """One row, on the next page where this one is full."""
        if self.get_y() + _LINE > self.h - 2 * _MARGIN:
            self.add_page()
            self.headings()
        for width, text, align in zip(self._widths, cells, self._aligned, strict=True):
            self.cell(width, _LINE, self._cut(text, width), border="B", align=align)
        self.ln(_LINE)

    def footer(self) -> None:
        """Which page of how many, and of what."""
        self.set_y(-_MARGIN - _LINE)
        self.set_font(_NAME, size=_SIZE)
        self.cell(0, _LINE, f"{self._paper.title}　第 {self.page_no()} 頁／共 {{nb}} 頁", align="C")

    def _fitting(self) -> list[float]:
        """Widths by what the columns hold, together as wide as the page."""
        measured: Iterable[Sequence[str | None]] = (
            [shown(name, value) for name, value in zip(self._paper.columns, row, strict=True)]
            for row in self._paper.rows[:_MEASURED]
        )
        wanted = [max(self.get_string_width(name), _NARROWEST) for name in self._paper.head]
        for row in measured:
            wanted = [max(width, self.get_string_width(text or "")) for width, text in zip(wanted, row, strict=True)]
        share = self.epw / sum(width + _PADDING for width in wanted)
        return [(width + _PADDING) * share for width in wanted]

    def _cut(self, text: str, width: float) -> str:
        """What of a text fits; nothing runs into the next column."""
        text = " ".join(text.split())
        room = width - _PADDING
        if self.get_string_width(text) <= room + 2 * self.c_margin:
            return text
        while text and self.get_string_width(text + _CUT) > room:
            text = text[:-1]
        return text + _CUT
