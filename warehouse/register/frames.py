"""The register as frames, for publishing: pandas with Arrow types, so that an empty column keeps its type."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy.orm import Session

from warehouse.register.agencies import RegisterAgencies
from warehouse.register.tree import Tree

AGENCIES = pa.schema(
    [
        ("agency_code", pa.string()),
        ("name", pa.string()),
        ("parent_code", pa.string()),
        ("authority_code", pa.string()),
        ("level", pa.int32()),
        ("active_from", pa.date32()),
        ("active_to", pa.date32()),
        ("channel", pa.string()),
        ("expected_headcount", pa.int32()),
    ]
)
ANCESTORS = pa.schema(
    [("month", pa.string()), ("agency_code", pa.string()), ("ancestor_code", pa.string()), ("depth", pa.int32())]
)
DUE = pa.schema(
    [
        ("month", pa.string()),
        ("agency_code", pa.string()),
        ("why", pa.string()),
        ("channel", pa.string()),
        ("expected_headcount", pa.int32()),
    ]
)


def agencies_frame(session: Session) -> pd.DataFrame:
    """Every period of every agency, by code and time; `channel` is the last one of the period (None = manual)."""
    register = RegisterAgencies(session)
    rows = [
        period._asdict() | {"channel": register.channel_of(period)}
        for code in sorted(register.periods)
        for period in register.periods[code]
    ]
    return _frame(pa.Table.from_pylist(rows, schema=AGENCIES))


def ancestors_frame(session: Session, months: Iterable[str]) -> pd.DataFrame:
    """Each agency in force with each of its ancestors in the month, itself (depth 0) included."""
    register = RegisterAgencies(session)
    tables, before = [ANCESTORS.empty_table()], (Tree({}), ANCESTORS.empty_table())
    for month in months:
        tree = register.tree(month)
        # From month to month the tree hardly ever changes, and the closure is the costly part.
        closure = before[1] if tree.parents == before[0].parents else _closure(tree)
        before = (tree, closure)
        tables.append(closure.set_column(0, ANCESTORS.field("month"), _repeated(month, closure.num_rows)))
    return _frame(pa.concat_tables(tables))


def due_frame(session: Session, months: Iterable[str]) -> pd.DataFrame:
    """Each agency-month due, with why it counts, by which channel, and how many employees are expected."""
    register = RegisterAgencies(session)
    tables = [DUE.empty_table()]
    for month in months:
        due, periods = register.due(month), register.of_month(month)
        columns = {
            "month": _repeated(month, len(due)),
            "agency_code": list(due),
            "why": [answer.why for answer in due.values()],
            "channel": [answer.channel for answer in due.values()],
            "expected_headcount": [periods[code].expected_headcount for code in due],
        }
        tables.append(pa.table(columns, schema=DUE))
    return _frame(pa.concat_tables(tables))


def _closure(tree: Tree) -> pa.Table:
    codes = np.array(list(tree.parents), dtype=object)
    members, ancestors, depths = tree.closure_indices()
    columns: Sequence[object] = (_repeated("", members.size), codes[members], codes[ancestors], depths)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, ANCESTORS, strict=True)], schema=ANCESTORS
    )


def _repeated(text: str, times: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), times)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
