"""The register as frames, for publishing: pandas with Arrow types, so that an empty column keeps its type."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from warehouse.register.agencies import Period, RegisterAgencies
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
        ("kind", pa.string()),
        ("is_school", pa.bool_()),
        ("default_work_pattern", pa.string()),
        ("postal_code", pa.string()),
        ("county", pa.string()),
        ("town", pa.string()),
    ]
)
ANCESTORS = pa.schema(
    [("month", pa.string()), ("agency_code", pa.string()), ("ancestor_code", pa.string()), ("depth", pa.int32())]
)


def agencies_frame(register: RegisterAgencies) -> pd.DataFrame:
    """Every period of every agency, by code and time; `channel` is the last one of the period (None = manual).

    `county` and `town` are by the postal code; None where it does not say.
    """
    rows = [
        period._asdict()
        | {"channel": register.channel_of(period), "is_school": period.known_kind.is_school}
        | _placed(period)
        for code in sorted(register.periods)
        for period in register.periods[code]
    ]
    return _frame(pa.Table.from_pylist(rows, schema=AGENCIES))


def ancestors_frame(register: RegisterAgencies, months: Iterable[str]) -> pd.DataFrame:
    """Each agency in force with each of its ancestors in the month, itself (depth 0) included."""
    tables = [
        closure.set_column(0, ANCESTORS.field("month"), _repeated(month, closure.num_rows))
        for closure, of_months in closures(register, months)
        for month in of_months
    ]
    return _frame(pa.concat_tables([ANCESTORS.empty_table(), *tables]))


def closures(register: RegisterAgencies, months: Iterable[str]) -> Iterator[tuple[pa.Table, list[str]]]:
    """Each agency with each of its ancestors as in `ANCESTORS`, `month` empty, and the months that have it so.

    From month to month the tree hardly ever changes, so the closures are few.
    """
    before: Tree | None = None
    run: list[str] = []
    for month in months:
        tree = register.tree(month)
        if before is not None and tree.parents == before.parents:
            run.append(month)
            continue
        if before is not None:
            yield _closure(before), run
        before, run = tree, [month]
    if before is not None:
        yield _closure(before), run


def _placed(period: Period) -> dict[str, str | None]:
    area = period.area
    return {"county": area and area.county, "town": area and area.town}


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
