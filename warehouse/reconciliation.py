"""Reconciliation (對帳): every record that was read is either entered or refused, wherever one counts.

Four accounts of the same records are compared for each agency and dataset of a month: the ledger's counts, the rows
of `core.*`, the records that `core.findings` names as refused or warned of, and `reports.monthly_counts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.ledger.base import same_submission
from warehouse.ledger.models import AgencyMonth, DatasetCount
from warehouse.store import RECORDS, SPARSE

#: Agency code → dataset → submission id, read, entered, refused, as the ledger has them.
Accounts = dict[str, dict[str, tuple[str, int, int, int]]]

_ROWS = " UNION ALL ".join(
    f"SELECT agency_code, submission_id, '{name}' AS dataset, count(*) AS stored FROM core.{name} "  # noqa: S608
    "WHERE month = $month GROUP BY ALL"
    for name in RECORDS
)
#: A record refused by one rule is not counted as warned of by another; a finding on no record counts nothing.
_COMPARED = f"""
    WITH stored AS ({_ROWS}),
    flagged AS (
        SELECT agency_code, submission_id, dataset, bool_or(severity = 'error') AS refused
        FROM core.findings
        WHERE month = $month AND "index" IS NOT NULL
        GROUP BY agency_code, submission_id, dataset, "index"
    ),
    named AS (
        SELECT agency_code, submission_id, dataset,
            count(*) FILTER (refused) AS refused, count(*) FILTER (NOT refused) AS warned
        FROM flagged
        GROUP BY ALL
    )
    SELECT l.agency_code, l.dataset, l.read, l.entered, l.refused,
        coalesce(s.stored, 0), coalesce(n.refused, 0), coalesce(n.warned, 0),
        c.submitted, c.entered, c.refused, c.warned
    FROM accounts l
    LEFT JOIN stored s USING (agency_code, submission_id, dataset)
    LEFT JOIN named n USING (agency_code, submission_id, dataset)
    LEFT JOIN reports.monthly_counts c
        ON c.agency_code = l.agency_code AND c.month = $month AND c.dataset = l.dataset
    ORDER BY l.agency_code, l.dataset
"""  # noqa: S608 — names of ours
_STRANGERS = f"""
    WITH stored AS ({_ROWS})
    SELECT agency_code, dataset, stored FROM stored
    ANTI JOIN accounts USING (agency_code, submission_id, dataset)
    ORDER BY ALL
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Unreconciled:
    """Two accounts of an agency's dataset that do not agree; `what` says which."""

    agency_code: str
    month: str
    dataset: str
    what: str
    expected: int
    found: int | None

    def __str__(self) -> str:
        return f"{self.agency_code} {self.month} {self.dataset} {self.what}: {self.found} ≠ {self.expected}"


def accounts_of(session: Session, month: str) -> Accounts:
    """What the ledger says of what the month counts, by agency and dataset; of a roster that was not sent nothing."""
    query = (
        select(
            DatasetCount.agency_code,
            DatasetCount.dataset,
            DatasetCount.submission_id,
            DatasetCount.read,
            DatasetCount.entered,
            DatasetCount.refused,
        )
        .join(AgencyMonth, same_submission(AgencyMonth, DatasetCount))
        .where(DatasetCount.month == month)
    )
    accounts: Accounts = {}
    for agency, dataset, id_, read, entered, refused in session.execute(query):
        if read or dataset not in SPARSE:
            accounts.setdefault(agency, {})[dataset] = (id_, read, entered, refused)
    return accounts


def agreed(before: Accounts, after: Accounts) -> Accounts:
    """Those accounts that are the same in both: what another run changed between the two is compared by that run."""
    return {agency: datasets for agency, datasets in after.items() if before.get(agency) == datasets}


def unreconciled(
    warehouse: duckdb.DuckDBPyConnection, month: str, accounts: Accounts, *, whole: bool = True
) -> list[Unreconciled]:
    """Compare the published month with the ledger's accounts; empty where all is well.

    `whole`: the accounts are all that there are, so that rows of any other submission are wrong too.
    """
    rows = [
        (agency, dataset, *counts)
        for agency, datasets in sorted(accounts.items())
        for dataset, counts in sorted(datasets.items())
    ]
    schema = {
        "agency_code": pa.string(),
        "dataset": pa.string(),
        "submission_id": pa.string(),
        "read": pa.int64(),
        "entered": pa.int64(),
        "refused": pa.int64(),
    }
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, schema.values(), strict=True)]
    # A cursor of its own: whatever the caller has under way on the connection stays as it is.
    with warehouse.cursor() as connection:
        connection.register("accounts", pa.table(arrays, names=list(schema)))
        wrong = [
            Unreconciled(agency, month, dataset, what, expected, found)
            for agency, dataset, *numbers in connection.execute(_COMPARED, {"month": month}).fetchall()
            for what, (expected, found) in _pairs(*numbers).items()
            if expected != found
        ]
        if whole:
            strangers = connection.execute(_STRANGERS, {"month": month}).fetchall()
            wrong += [Unreconciled(agency, month, name, "資料列 rows", 0, stored) for agency, name, stored in strangers]
    return wrong


def _pairs(
    read: int,
    entered: int,
    refused: int,
    stored: int,
    named_refused: int,
    named_warned: int,
    published_read: int | None,
    published_entered: int | None,
    published_refused: int | None,
    published_warned: int | None,
) -> Mapping[str, tuple[int, int | None]]:
    """What is compared → expected and found."""
    return {
        "讀入 = 入檔 + 退件 read = entered + refused": (read, entered + refused),
        "資料列 rows": (entered, stored),
        "檢誤結果退件 refused in findings": (refused, named_refused),
        "月筆數統計讀入 monthly counts, read": (read, published_read),
        "月筆數統計入檔 monthly counts, entered": (entered, published_entered),
        "月筆數統計退件 monthly counts, refused": (refused, published_refused),
        "月筆數統計警告 monthly counts, warned": (named_warned, published_warned),
    }
