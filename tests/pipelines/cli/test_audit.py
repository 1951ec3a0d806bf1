"""`attendance audit`: asked and verified from the command line, held to receipts and heads that others kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cli import Attendance
from tests.support.installations import AUTHORITY, FIRST, document, installation

MONTH = "2021-06"


@pytest.fixture
def used(attendance: Attendance, home: Path, tmp_path: Path) -> Attendance:
    """An installation that two agencies have handed in to."""
    installation(home).engine.dispose()
    for agency in (AUTHORITY, FIRST):
        file = tmp_path / f"{agency}.json"
        file.write_bytes(document(agency))
        assert attendance("submit", file).code == 0
    return attendance


def test_list_says_who_did_what_of_which_agency(used):
    ran = used("audit", "list", "--agency", FIRST, "--format", "json")
    (row,) = ran.objects
    assert (row["action"], row["agency_code"], row["month"]) == ("received", FIRST, MONTH)
    assert row["actor"].startswith("cli:")
    shown = used("audit", "list", "--last", "1")
    assert "送達 received" in shown.out
    assert (AUTHORITY in shown.out, FIRST in shown.out) == (False, True)
    assert "--last 0" in shown.err
    assert used("audit", "list", "--since", "2021-07-11", "--until", "2021-07-12", "--format", "json").objects == []
    assert used("audit", "list", "--action", "nothing").code == 2


def cut_off(home: Path) -> None:
    """As whoever owns the database could: the newest submission and every word of it."""
    with closing(sqlite3.connect(home / "ledger.sqlite")) as database, database:
        database.execute("DROP TRIGGER audit_no_delete")
        database.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
        for table, column in (
            ("transitions", "agency_code"),
            ("arrivals", "agency_code"),
            ("submissions", "agency_code"),
        ):
            database.execute(f"DELETE FROM {table} WHERE {column} = ?", (FIRST,))


def test_receipts_and_heads_that_others_kept_show_what_was_cut_off(used, home, tmp_path):
    receipt, head = tmp_path / "receipt.json", tmp_path / "head.json"
    used("receipt", "issue", "--agency", FIRST, "--month", MONTH, "-o", receipt)
    assert used("audit", "head", "-o", head).code == 0
    sound = used("audit", "verify", receipt, head)
    assert (sound.code, "正常 ok" in sound.out) == (0, True)
    cut_off(home)
    assert used("audit", "verify").code == 0
    for kept in (receipt, head):
        ran = used("audit", "verify", kept)
        assert (ran.code, "the last rows were removed" in ran.out) == (1, True)


def test_a_head_that_was_changed_or_is_none_is_not_believed(used, tmp_path):
    head = tmp_path / "head.json"
    used("audit", "head", "-o", head)
    head.write_text(head.read_text().replace('"seq": 2', '"seq": 1'))
    assert "簽章無效" in used("audit", "verify", head).err
    head.write_text("{}")
    ran = used("audit", "verify", head)
    assert (ran.code, "不是收據或稽核鏈首檔" in ran.err) == (2, True)


def test_the_doctor_holds_the_audit_to_what_was_published_until_the_loss_is_accepted(used, home):
    assert used("rebuild").code == 0
    assert used("doctor").code == 0
    with closing(sqlite3.connect(home / "ledger.sqlite")) as database, database:
        database.execute("DROP TRIGGER audit_no_delete")
        database.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    ran = used("doctor")
    assert (ran.code, "稽核紀錄 audit" in ran.out, "the last rows were removed" in ran.out) == (1, True, True)
    assert used("audit", "accept", "--reason", " ").code == 2
    assert "已認可" in used("audit", "accept", "--reason", "還原備份").out
    assert used("doctor").code == 0
    assert "無須認可" in used("audit", "accept", "--reason", "再一次").out


def test_keys_and_rebuilding_are_in_it(used):
    used("keys", "rotate")
    used("keys", "reencrypt")
    used("rebuild")
    actions = [row["action"] for row in used("audit", "list", "--format", "json").objects]
    assert actions[-3:] == ["key_rotated", "landing_reencrypted", "rebuilt"]
