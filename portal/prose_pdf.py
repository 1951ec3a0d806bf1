"""Markdown as a PDF to print: A4 upright, pages numbered, headings in the reader's outline, pictures where they stand.

Set in the font that reports are set in (`assets.font`), of which only the characters used are in the file.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fpdf import FPDF, FontFace
from fpdf.enums import TextMode, XPos, YPos
from markdown_it.token import Token

from assets.font import FONT
from portal.prose import plain_text, tokens_of

_NAME = "AttendanceSansTC"
#: Points; of headings by their level.
_SIZE, _SMALL = 10.5, 8.5
_HEADINGS = {"h1": 20.0, "h2": 14.0, "h3": 11.5}
#: Millimetres.
_MARGIN, _LINE, _INDENT, _GAP = 18, 6, 6, 2
#: A heading with less than this below it begins the next page.
_KEPT = 30
_GREY = (217, 225, 242)
_PADDING = 1
_HEAD = FontFace(fill_color=_GREY)
#: What no line is broken within: a word, or a Chinese character, with the marks that open before it or close after it.
_UNITS = re.compile(r"[（「『《]*(?:[!-~]+|[^!-~\s])[，。、；：！？）」』》]*|\s+")


def prose_pdf(markdown: str, language: str, picture: Callable[[str], Path]) -> bytes:
    """The PDF; `language` is its tag, `picture` gives the file of an image by the address that the source has."""
    tokens = tokens_of(markdown)
    pages = _Pages(plain_text(tokens[1]), language, picture)
    pages.add_page()
    for block in _blocks(tokens):
        pages.set_block(block)
    return bytes(pages.output())


def _blocks(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The tokens of each block of the source: a heading, a paragraph, a list, a table, a program."""
    begun = 0
    for place, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            yield tokens[begun : place + 1]
            begun = place + 1


class _Pages(FPDF):
    """The pages of one text."""

    def __init__(self, title: str, language: str, picture: Callable[[str], Path]) -> None:
        super().__init__(orientation="P", format="A4")
        self._title = title
        self._picture = picture
        self._words = "第 {page} 頁／共 {{nb}} 頁" if language.startswith("zh") else "{page} / {{nb}}"
        self.set_title(title)
        self.set_lang(language)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)
        self.add_font(_NAME, fname=FONT)
        self.set_font(_NAME, size=_SIZE)

    def footer(self) -> None:
        """Of what it is, and which page of how many."""
        self.set_y(-_MARGIN + _GAP)
        self.set_font(_NAME, size=_SMALL)
        self.cell(0, _LINE, f"{self._title}　{self._words.format(page=self.page_no())}", align="C")

    def set_block(self, block: Sequence[Token]) -> None:
        """One block, by what it is."""
        self.set_font(_NAME, size=_SIZE)
        kind = block[0].type
        if kind == "heading_open":
            self._heading(block[0].tag, plain_text(block[1]))
        elif kind == "table_open":
            self._table_of(block)
        elif kind == "fence":
            self.set_font(_NAME, size=_SMALL)
            self.multi_cell(0, _LINE - 1, block[0].content.rstrip(), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        elif kind in {"bullet_list_open", "ordered_list_open"}:
            self._list(block)
        else:
            self._paragraph(block[1])
        self.ln(_GAP)

    def _heading(self, tag: str, text: str) -> None:
        if self.get_y() > self.h - _MARGIN - _KEPT:
            self.add_page()
        self.ln(_GAP)
        self.start_section(text, level=int(tag[1]) - 1)
        self.set_font(_NAME, size=_HEADINGS[tag])
        with self.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.1):  # the font has no bold face
            self.multi_cell(0, _HEADINGS[tag] * 0.55, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _paragraph(self, inline: Token) -> None:
        for child in inline.children or ():
            if child.type == "image":
                self._image(self._picture(str(child.attrs["src"])), child.content)
                return
        self._set(plain_text(inline))

    def _image(self, file: Path, caption: str) -> None:
        self.image(file, w=self.epw, alt_text=caption)
        self.set_font(_NAME, size=_SMALL)
        self.cell(0, _LINE, caption, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _set(self, text: str) -> None:
        """A text from where the pen is to the right margin, in as many lines as it needs."""
        room = self.w - self.r_margin - self.get_x() - 2 * self.c_margin
        for line in _lines(text, room, self.get_string_width):
            self.cell(0, _LINE, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _list(self, block: Sequence[Token]) -> None:
        number = 0
        for token in block:
            if token.type == "list_item_open":
                number += 1
                mark = f"{number}." if block[0].type == "ordered_list_open" else "•"
            elif token.type == "inline":
                self.cell(_INDENT, _LINE, mark)
                left = self.l_margin
                self.set_left_margin(left + _INDENT)
                self._set(plain_text(token))
                self.set_left_margin(left)
                self.set_x(left)

    def _table_of(self, block: Sequence[Token]) -> None:
        rows: list[list[str]] = []
        for token in block:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(plain_text(token))
        self.set_font(_NAME, size=_SMALL)
        widths = _shares(rows, self.get_string_width)
        inside = [self.epw * share / sum(widths) - 2 * _PADDING for share in widths]
        with self.table(
            col_widths=widths, line_height=_LINE - 1, text_align="LEFT", padding=_PADDING, headings_style=_HEAD
        ) as table:
            for row in rows:
                table.row(
                    [
                        "\n".join(_lines(cell, room, self.get_string_width))
                        for cell, room in zip(row, inside, strict=True)
                    ]
                )


def _lines(text: str, room: float, width: Callable[[str], float]) -> Iterator[str]:
    """The text in lines that fit: broken between Chinese characters and at blanks, no line begun by a closing mark."""
    line = ""
    for unit in _UNITS.findall(text):
        if line and width((line + unit).rstrip()) > room:
            yield line.rstrip()
            line = ""
        line += unit if line else unit.lstrip()
    yield line.rstrip()


def _shares(rows: Sequence[Sequence[str]], width: Callable[[str], float]) -> list[int]:
    """How wide each column is to the others, by its widest cell, none of them less than a fifth of another."""
    widest = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    most = min(max(widest), 3 * sorted(widest)[len(widest) // 2])
    return [round(100 * max(min(one, most), most / 5)) for one in widest]
