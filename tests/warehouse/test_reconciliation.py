"""Reconciliation: what agrees is silent; any one account that is changed is named, with both numbers."""

import shutil
from pathlib import Path

import duckdb
import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from assets.reviewing import review
from tests.support.installations import AUTHORITY, FIRST, SECOND, document, installation, refused, with_error
from warehouse.ledger.engine import reading
from warehouse.reconciliation import Accounts, accounts_of, agreed, unreconciled

MONTH = "2021-06"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A month entered and published: sound, faulty, refused; two agencies list the same person (W209)."""
    opened = installation(tmp_path_factory.mktemp("reconciled") / "home")
    documents = [document(AUTHORITY), with_error(FIRST), refused(SECOND)]
    hand_in(opened, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])
    enter(opened, MONTH)
    review(opened)
    publish_now(opened, [MONTH])
    return opened


@pytest.fixture
def accounts(platform: Platform) -> Accounts:
    with reading(platform.engine) as session:
        return accounts_of(session, MONTH)


@pytest.fixture
def warehouse(platform: Platform, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A copy of the warehouse in which what is compared are tables, so that a test may change them."""
    copy = tmp_path / "warehouse.duckdb"
    shutil.copy(platform.home.warehouse, copy)
    connection = duckdb.connect(str(copy))
    details = (f"core.{name}" for name in ("employees", "leaves", "overtime", "clockings", "findings"))
    for name in (*details, "reports.monthly_counts"):
        connection.execute(f"CREATE TABLE kept AS FROM {name}")
        connection.execute(f"DROP VIEW {name}")
        connection.execute(f"CREATE TABLE {name} AS FROM kept")
        connection.execute("DROP TABLE kept")
    return connection


def test_what_agrees_is_silent(warehouse, accounts):
    assert set(accounts) == {AUTHORITY, FIRST}
    assert accounts[FIRST]["overtime"][1:] == (1, 0, 1)
    assert unreconciled(warehouse, MONTH, accounts) == []


@pytest.mark.parametrize(
    ("change", "agency", "dataset", "what"),
    [
        ("DELETE FROM core.leaves WHERE agency_code = '{first}'", FIRST, "leaves", "資料列"),
        ("INSERT INTO core.employees FROM core.employees", AUTHORITY, "employees", "資料列"),
        ("DELETE FROM core.findings WHERE severity = 'error'", FIRST, "overtime", "refused in findings"),
        ("UPDATE core.findings SET severity = 'warning'", FIRST, "overtime", "refused in findings"),
        ("DELETE FROM core.findings WHERE rule = 'W209'", FIRST, "employees", "warned"),
        ("UPDATE reports.monthly_counts SET entered = entered + 1", AUTHORITY, "clockings", "entered"),
        ("UPDATE reports.monthly_counts SET submitted = 0", FIRST, "overtime", "read"),
        ("DELETE FROM reports.monthly_counts WHERE dataset = 'leaves'", FIRST, "leaves", "monthly counts, read"),
        ("UPDATE core.leaves SET submission_id = 'x' WHERE agency_code = '{first}'", FIRST, "leaves", "rows"),
    ],
)
def test_one_changed_account_is_named(warehouse, accounts, change, agency, dataset, what):
    warehouse.execute(change.format(first=FIRST))
    wrong = unreconciled(warehouse, MONTH, accounts)
    assert [one for one in wrong if (one.agency_code, one.dataset) == (agency, dataset) and what in one.what]
    assert all(one.expected != one.found for one in wrong)


def test_a_ledger_that_does_not_add_up_is_named(warehouse, accounts):
    id_, read, entered, refused_ = accounts[FIRST]["overtime"]
    changed = {**accounts, FIRST: {**accounts[FIRST], "overtime": (id_, read + 1, entered, refused_)}}
    assert "read = entered + refused" in {one.what.split(" ", 5)[-1] for one in unreconciled(warehouse, MONTH, changed)}


def test_rows_of_what_does_not_count_are_named_unless_accounts_are_left_out_on_purpose(warehouse, accounts):
    fewer = {FIRST: accounts[FIRST]}
    wrong = unreconciled(warehouse, MONTH, fewer)
    assert {(one.agency_code, one.expected) for one in wrong} == {(AUTHORITY, 0)}
    assert unreconciled(warehouse, MONTH, fewer, whole=False) == []
    assert agreed({AUTHORITY: {}, FIRST: accounts[FIRST]}, accounts) == fewer
