"""Which months an explanation concerns: those whose findings it answers, so that their counts are made anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.ledger.models import Explanation


@dataclass(frozen=True)
class Explained:
    """Explanations taken in: the newest's id, how many there are up to it, and month → the newest that concerns it."""

    newest: int = 0
    count: int = 0
    months: dict[str, int] = field(default_factory=dict)


def take_in(
    connection: duckdb.DuckDBPyConnection, session: Session, before: Explained, findings: Sequence[Path]
) -> Explained:
    """Take in what was explained since; `findings` are the published copies of what stands.

    A month whose findings are not published yet is made anew for another reason, with every explanation.
    """
    up_to = select(func.count()).select_from(Explanation).where(Explanation.id <= before.newest)
    if session.scalar(up_to) != before.count:
        # One with a smaller id was committed after a greater one had been taken in: take in all again.
        before = Explained()
    given = select(Explanation.id, Explanation.finding_key).where(Explanation.id > before.newest)
    rows = session.execute(given.order_by(Explanation.id)).all()
    if not rows:
        return before
    return Explained(rows[-1][0], before.count + len(rows), {**before.months, **_months(connection, rows, findings)})


def _months(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Sequence[object]], findings: Sequence[Path]
) -> dict[str, int]:
    if not findings:
        return {}
    ids, keys = zip(*rows, strict=True)
    connection.register("given", pa.table({"id": pa.array(ids, pa.int64()), "finding_key": pa.array(keys)}))
    found = connection.execute(
        "SELECT f.month, max(g.id) FROM read_parquet($files, hive_partitioning = false) f "
        "JOIN given g USING (finding_key) GROUP BY f.month",
        {"files": [str(file) for file in findings]},
    ).fetchall()
    connection.unregister("given")
    return dict(found)
