"""Small tables for people who look at an asset in the browser: Markdown, a few rows, never a person."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from checks.markdown import table

#: Rows of a preview: enough to see that it is right, little enough for Dagster's event log.
ROWS = 20


def markdown(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers with thousands separators, nothing for None."""
    return table(headings, ([_cell(value) for value in row] for row in rows))


def ask(warehouse: Path, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The answer of the published warehouse, opened read-only for this one question."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query, values).fetchall()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")
