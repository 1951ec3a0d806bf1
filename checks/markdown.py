"""Markdown as GitHub and Dagster read it: tables, and the anchors of headings."""

import re
from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; None is an empty cell, a number has as few digits as say it."""
    head, *lines = (f"| {' | '.join(map(_cell, line))} |" for line in (heading, *rows))
    return "\n".join([head, "|" + "---|" * len(heading), *lines])


def anchor(heading: str) -> str:
    """The name by which a heading is linked."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
