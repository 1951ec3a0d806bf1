"""Markdown as a page of the portal: headings with anchors, tables that scroll by keyboard, pictures with their size.

No HTML of the source is passed on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from checks.markdown import anchor

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Prose:
    """A page: its title, its headings of the second level by anchor, and its HTML below the title."""

    title: str
    contents: dict[str, str]
    html: str


def tokens_of(markdown: str) -> list[Token]:
    """The source in Markdown's own terms, which a PDF is set from as well."""
    return _MARKDOWN.parse(markdown)


def render(markdown: str, picture: Callable[[str], dict[str, str]]) -> Prose:
    """The page of a source that begins with its title.

    `picture` gives the attributes of an image by the address that the source has.
    """
    _, title, _, *tokens = tokens_of(markdown)
    contents: dict[str, str] = {}
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            text = plain_text(tokens[place + 1])
            token.attrSet("id", anchor(text))
            if token.tag == "h2":
                contents[anchor(text)] = text
    _dress(tokens, plain_text(title), picture)
    renderer = _MARKDOWN.renderer
    assert isinstance(renderer, RendererHTML)  # noqa: S101 — the one that it is made with
    html: str = renderer.render(tokens, _MARKDOWN.options, {})
    return Prose(plain_text(title), contents, html)


def plain_text(inline: Token) -> str:
    """The words of a block, without emphasis and addresses."""
    return "".join(" " if child.type == "softbreak" else child.content for child in inline.children or ())


def _dress(tokens: Sequence[Token], section: str, picture: Callable[[str], dict[str, str]]) -> None:
    """What the portal's own pages have: a region that scrolls around each table and program, scopes, sizes."""
    tables: Counter[str] = Counter()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            section = plain_text(tokens[place + 1])
        elif token.type == "table_open":
            tables[section] += 1
            token.meta["label"] = section if tables[section] == 1 else f"{section} {tables[section]}"
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        elif token.type == "inline":
            for child in token.children or ():
                if child.type == "image":
                    for name, value in picture(str(child.attrs["src"])).items():
                        child.attrSet(name, value)


def _table_open(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:  # noqa: ARG001
    label = escapeHtml(tokens[place].meta["label"])
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table>\n'


def _table_close(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:  # noqa: ARG001
    return "</table></div>\n"


def _fence(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:  # noqa: ARG001
    return f'<pre tabindex="0"><code>{escapeHtml(tokens[place].content)}</code></pre>\n'


for _name, _rule in (("table_open", _table_open), ("table_close", _table_close), ("fence", _fence)):
    _MARKDOWN.add_render_rule(_name, _rule)
