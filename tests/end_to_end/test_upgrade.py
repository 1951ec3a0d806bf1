"""A home of an earlier release opens with this program: migrated, looked over, run, rebuilt, the same figures.

The homes are `tests/data/homes/`, made by those releases' own programs.
"""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Attendance
from tests.support.released_home import AUTHORITY, FIRST, FOURTH, MONTHS, SECOND, document, figures
from warehouse.receipt_signature import new_signing_key, public_key

HOMES = Path(__file__).parents[1] / "data" / "homes"
JULY = "2021-07"
#: What is of the year, or of each agency's newest month.
MOVED_BY_JULY = ["reports.client_versions", "reports.submission_ratios"]


@pytest.fixture(params=[path.name.removesuffix(".tar.xz") for path in sorted(HOMES.glob("*.tar.xz"))])
def published(request: pytest.FixtureRequest, home: Path) -> dict[str, Any]:
    """The home of an earlier release, unpacked; gives what it had published."""
    with tarfile.open(HOMES / f"{request.param}.tar.xz") as tar:
        tar.extractall(home.parent, filter="data")
    return json.loads((HOMES / f"{request.param}.figures.json").read_text(encoding="utf-8"))


def faults(attendance: Attendance) -> list[str]:
    """What the doctor finds wrong: the first word of each line's subject."""
    return [line.removeprefix("有誤 FAULT ") for line in attendance("doctor").out.splitlines() if "FAULT" in line]


def differing(home: Path, published: dict[str, Any]) -> list[str]:
    """Tables whose rows, in the columns that they had, are not those that the earlier release had published."""
    found = figures(home / "warehouse.duckdb", {table: of["columns"] for table, of in published.items()})
    return [table for table, of in published.items() if found[table] != of]


def test_an_earlier_home_opens_with_this_program(published, home, attendance, tmp_path):
    assert sum(len(of["rows"]) for of in published.values()) > 500

    # Nothing is changed by looking; it says that the ledger is older, that the next command migrates it, and what modes
    # earlier releases left too wide.
    before = (home / "ledger.sqlite").read_bytes()
    assert [line.split(":")[0] for line in faults(attendance)] == ["檔案權限 file modes", "報送帳冊 ledger"]
    assert (home / "ledger.sqlite").read_bytes() == before

    status = attendance("status", "--month", "2021-06", "--format", "json")
    assert (status.code, status.err) == (1, "")  # some have not reported, as before
    # What was published names its files by their whole path, and this home was carried elsewhere.
    assert [line.split(":")[0] for line in faults(attendance)] == ["檔案權限 file modes", "warehouse.duckdb"]

    findings = attendance("findings", "--agency", SECOND, "--month", "2021-06", "--format", "json")
    assert "R102" in {one["rule"] for one in findings.objects}
    explained = attendance("explain", "list", "--agency", AUTHORITY, "--month", "2021-06", "--format", "json")
    assert "CONFIRMED" in explained.out
    receipt, file, public = home / "receipt-of-a-test.json", home / "document-of-a-test.json", tmp_path / "key.pem"
    public.write_text(attendance("receipt", "key").out, encoding="ascii")
    assert attendance("receipt", "verify", receipt, file, "--public-key", public).code == 0
    # It is of before receipts carried their public key.
    assert (ran := attendance("receipt", "verify", receipt, file)).code == 2
    assert "--public-key" in ran.err
    other = tmp_path / "other.pem"
    other.write_text(public_key(new_signing_key()), encoding="ascii")
    ran = attendance("receipt", "verify", receipt, file, "--public-key", other)
    assert (ran.code, "另一把金鑰" in ran.out) == (1, True)
    changed = tmp_path / "changed.json"
    changed.write_text(receipt.read_text(encoding="utf-8").replace('"on_time": false', '"on_time": true'))
    ran = attendance("receipt", "verify", changed, file, "--public-key", public)
    assert (ran.code, "曾遭更改" in ran.out) == (1, True)
    # What was done before there was an audit is chained as it stood.
    actions = [row["action"] for row in attendance("audit", "list", "--format", "json").objects]
    assert {"entered", "entered_with_errors", "refused", "withdrawn", "explained", "chain_began"} <= set(actions)

    # As the doctor says; the figures of what is published again are the same, whatever the state in which it was.
    subprocess.run(["chmod", "-R", "go-rwx", str(home)], check=True)
    assert attendance("run", "--month", MONTHS[-1]).code == 0
    assert differing(home, published) == []
    assert faults(attendance) == []

    # A further month, by the whole way: Dagster's home is the earlier release's too.
    for agency in (AUTHORITY, FIRST, FOURTH):
        path = tmp_path / f"{agency}.json"
        path.write_bytes(document(agency, JULY, "2021-08-05T09:12:00+08:00"))
        assert attendance("submit", path).code == 0
    ran = attendance("run", "--month", JULY)
    assert (ran.code, "已發布" in ran.out) == (0, True), ran.err
    assert differing(home, published) == MOVED_BY_JULY
    assert faults(attendance) == []
    report = attendance("report", "summary", "--year", "2021", "-o", tmp_path / "summary.csv")
    assert report.code == 0

    # Rules have changed since: what comes out otherwise is judged anew only when an operator says so.
    rebuilt = attendance("rebuild")
    assert (rebuilt.code, "--accept-changes" in rebuilt.err) == (2, True)
    assert differing(home, published) == MOVED_BY_JULY
    rebuilt = attendance("rebuild", "--accept-changes")
    assert rebuilt.code == 0, rebuilt.err
    assert faults(attendance) == []


def test_an_earlier_home_is_backed_up_and_restored(published, home, attendance, monkeypatch, tmp_path):
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    disk.mkdir()
    assert attendance("backup", "create", disk).code == 0
    restored = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", home)
    assert (restored.code, "--accept-changes" in restored.err) == (2, True)  # rules have changed since
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    assert attendance("rebuild", "--accept-changes").code == 0
    assert faults(attendance) == []
    assert attendance("findings", "--agency", SECOND, "--month", MONTHS[0]).code == 1  # it has errors, as before
