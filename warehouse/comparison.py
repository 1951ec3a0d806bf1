"""What changed between two submissions of an agency-month: findings mended, new, remaining, unlooked at, and records.

Read from the store's files alone; a person is `person_key`, never anything else.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from checks.model.stored import STORED
from warehouse.bundle_cache import bring
from warehouse.home import Home
from warehouse.receipts import Receipt, history
from warehouse.store import REVIEWS, SPARSE, file_of

#: What makes a record the same one in another submission: source, format 1.0 on `record_id`; what has none is told by
#: person, and a clocking by all that it says.
IDENTITY = {
    "employees": ("person_key", "payroll_from"),
    "leaves": ("record_id",),
    "overtime": ("record_id",),
    "shifts": ("person_key", "start_at"),
    "clockings": ("person_key", "clocked_at", "kind"),
}
#: Where it lay, and what follows from the rest: a leave's hours within the month.
_NOT_SAID = ("agency_code", "month", "submission_id", "hours_in_month", "minutes_in_month")

#: Fatal rules at which the reading of a document may end.
_ENDING = frozenset({"F001", "F002", "F009"})

_COUNTING = ("entered", "entered_with_errors")


class NothingToCompare(LookupError):  # noqa: N818 — reads as what it is
    """There are no two submissions, or one that was named is not there."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A record in both whose columns differ: `before` and `after` hold those columns.

    `record` is what identifies it, with its 0-based `index` in the newer document.
    """

    record: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """Of one dataset: what identifies the records added and removed, and the changed ones; `same` is a number.

    Each with its 0-based `index`: of a removed one in the older document, else in the newer.
    """

    added: list[dict[str, Any]] = field(default_factory=list)
    removed: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    same: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`before` and `after` are submission ids; findings are rows of the stored model; `records` is by dataset.

    `unlooked` are findings of the older one for which the newer was not looked at, since it was refused: of such a
    document no record is judged, and where the reading ended nothing else is.  They are neither mended nor remaining.
    `records` is empty where one of the two was refused as a whole, since nothing of it was entered.
    """

    agency_code: str
    month: str
    before: str
    after: str
    mended: list[dict[str, Any]]
    new: list[dict[str, Any]]
    remaining: list[dict[str, Any]]
    unlooked: list[dict[str, Any]]
    records: dict[str, RecordChanges]


def compare(
    session: Session, home: Home, agency_code: str, month: str, before: str | None = None, after: str | None = None
) -> Comparison:
    """Compare two submissions of an agency-month, named by id or its beginning.

    Not named: the newest judged one, and what counted before it came.  Raises `NothingToCompare`.
    """
    judged = [one for one in history(session, agency_code, month) if one.rule_set is not None]
    newer = _named(judged, after) if after else _newest(judged)
    older = _named(judged, before) if before else _before(judged, newer)
    bring(home, session, [month])
    return compare_submissions(home.store, older, newer)


def compare_submissions(store: Path, older: Receipt, newer: Receipt) -> Comparison:
    """Compare two judged submissions of the same agency-month."""
    old, new = _findings(store, older), _findings(store, newer)
    in_old, in_new = Counter(row["finding_key"] for row in old), Counter(row["finding_key"] for row in new)
    both_entered = not (older.fatal or newer.fatal)
    gone = _beyond(old, in_new)
    unlooked = [row for row in gone if not _looked_for(row, new)]
    return Comparison(
        older.agency_code,
        older.month,
        older.submission_id,
        newer.submission_id,
        mended=[row for row in gone if row not in unlooked],
        new=_beyond(new, in_old),
        remaining=_shared(new, in_old),
        unlooked=unlooked,
        records={name: _records(store, name, older, newer) for name in IDENTITY} if both_entered else {},
    )


def _looked_for(finding: dict[str, Any], newer: Sequence[dict[str, Any]]) -> bool:
    """Whether the check that found `newer` would have found this one too, were it still there."""
    refused_for = {row["rule"] for row in newer if row["severity"] == "fatal"}
    if not refused_for:
        return True
    return finding["severity"] == "fatal" and not refused_for & _ENDING


def _named(judged: Sequence[Receipt], id_: str) -> Receipt:
    found = [one for one in judged if one.submission_id.startswith(id_)]
    if len(found) != 1:
        known = ", ".join(one.submission_id[:12] for one in judged) or "無 none"
        raise NothingToCompare(
            f"沒有唯一符合 {id_} 的報送 not exactly one submission begins with {id_}; there are: {known}"
        )
    return found[0]


def _newest(judged: Sequence[Receipt]) -> Receipt:
    if not judged:
        raise NothingToCompare("該機關該月沒有檢核過的報送 no submission of this agency and month has been checked")
    return judged[-1]


def _before(judged: Sequence[Receipt], newer: Receipt) -> Receipt:
    """What it superseded; of one that was refused, what counted when it came; else the one judged before it."""
    by_id = {one.submission_id: one for one in judged}
    if newer.supersedes in by_id:
        return by_id[str(newer.supersedes)]
    earlier = judged[: judged.index(newer)]
    if not earlier:
        raise NothingToCompare("只有一份報送，沒有可比較者 there is only one submission, nothing to compare it with")
    counting = [one for one in earlier if one.state in _COUNTING]
    return (counting or earlier)[-1]


def _findings(store: Path, one: Receipt) -> list[dict[str, Any]]:
    place = (one.agency_code, one.month, one.submission_id)
    files = [file_of(store, dataset, *place) for dataset in ("findings", REVIEWS)]
    return [row for file in files if file.exists() for row in pl.read_parquet(file).to_dicts()]


def _beyond(rows: Sequence[dict[str, Any]], others: Counter[str]) -> list[dict[str, Any]]:
    """The rows that have no counterpart among the others; two of the same need two."""
    left = others.copy()
    kept = []
    for row in rows:
        if left[row["finding_key"]] > 0:
            left[row["finding_key"]] -= 1
        else:
            kept.append(row)
    return kept


def _shared(rows: Sequence[dict[str, Any]], others: Counter[str]) -> list[dict[str, Any]]:
    alone = {id(row) for row in _beyond(rows, others)}
    return [row for row in rows if id(row) not in alone]


def _records(store: Path, dataset: str, older: Receipt, newer: Receipt) -> RecordChanges:
    old, new = _read(store, dataset, older), _read(store, dataset, newer)
    identity = list(IDENTITY[dataset])
    # The same clocking twice is two records: numbered, each has its own counterpart.
    numbered = pl.int_range(pl.len()).over(identity).alias("_which")
    old, new = old.with_columns(numbered), new.with_columns(numbered)
    key = [*identity, "_which"]
    values = [name for name in old.columns if name not in (*key, "index")]
    named = ["index", *identity]
    both = new.join(old, on=key, suffix="_before", nulls_equal=True, maintain_order="left")
    changed = []
    for row in both.iter_rows(named=True):
        differing = [name for name in values if row[name] != row[f"{name}_before"]]
        if differing:
            changed.append(
                Changed(
                    {name: row[name] for name in named},
                    {name: row[f"{name}_before"] for name in differing},
                    {name: row[name] for name in differing},
                )
            )
    return RecordChanges(
        new.join(old, on=key, how="anti", nulls_equal=True, maintain_order="left").select(named).to_dicts(),
        old.join(new, on=key, how="anti", nulls_equal=True, maintain_order="left").select(named).to_dicts(),
        changed,
        both.height - len(changed),
    )


def _read(store: Path, dataset: str, one: Receipt) -> pl.DataFrame:
    columns = {
        name: column.dtype.type for name, column in STORED[dataset].to_schema().columns.items() if name not in _NOT_SAID
    }
    file = file_of(store, dataset, one.agency_code, one.month, one.submission_id)
    none = dataset in SPARSE and not file.exists()
    records = pl.DataFrame(schema=columns) if none else pl.read_parquet(file)
    # A column that came after the file was written is null in it.
    later = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in columns.items() if name not in records.columns]
    return records.with_columns(later).select(*columns).rename({"record_index": "index"})
