"""Receipts verified with nothing but the file and a public key; the keys of landing rotated from the command line."""

import json
from pathlib import Path

import pytest

from tests.support.cli import Attendance
from tests.support.installations import FIRST, PERSON, document

MONTH = "2021-06"


@pytest.fixture
def receipt(attendance: Attendance, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A file handed in, its receipt, and the public key."""
    file, written, key = tmp_path / "file.json", tmp_path / "receipt.json", tmp_path / "key.pem"
    file.write_bytes(document(FIRST))
    attendance("submit", file)
    assert attendance("receipt", "issue", "--agency", FIRST, "--month", MONTH, "-o", written).code == 0
    key.write_text(attendance("receipt", "key").out, encoding="ascii")
    return file, written, key


def test_a_receipt_is_verified_without_the_platform(receipt, attendance, monkeypatch, tmp_path):
    file, written, key = receipt
    monkeypatch.setenv("ATTENDANCE_HOME", str(tmp_path / "nowhere"))
    ran = attendance("receipt", "verify", written, file, "--public-key", key)
    assert ran.code == 0
    assert "簽章有效" in ran.out
    assert not (tmp_path / "nowhere").exists()


def test_another_file_another_word_or_another_key_does_not_hold(receipt, attendance, tmp_path):
    file, written, key = receipt
    other = tmp_path / "other.json"
    other.write_bytes(document(FIRST, leaves=[]))
    assert attendance("receipt", "verify", written, other, "--public-key", key).code == 1
    said = json.loads(written.read_text(encoding="utf-8"))
    said["received_at"] = "2021-07-01T00:00:00+08:00"
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(said), encoding="utf-8")
    ran = attendance("receipt", "verify", changed, file, "--public-key", key)
    assert (ran.code, "簽章無效" in ran.out) == (1, True)
    unsigned = attendance("receipt", "verify", changed, file)
    assert (unsigned.code, "未驗簽章" in unsigned.err) == (0, True)


def test_what_is_no_receipt_is_said_in_one_line(receipt, attendance):
    file, _, key = receipt
    ran = attendance("receipt", "verify", file, file, "--public-key", key)
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_keys_rotate_and_the_old_one_goes_only_when_nothing_needs_it(receipt, attendance, home):
    old = attendance("keys", "list", "--format", "json").objects
    assert [(row["active"], row["files"]) for row in old] == [(True, 1)]
    assert attendance("keys", "rotate").code == 0
    refused = attendance("keys", "retire", old[0]["key"])
    assert (refused.code, "reencrypt" in refused.err) == (2, True)
    assert attendance("keys", "reencrypt").code == 0
    assert attendance("keys", "retire", old[0]["key"]).code == 0
    now = attendance("keys", "list", "--format", "json").objects
    assert [(row["active"], row["files"]) for row in now] == [(True, 1)]
    assert now[0]["key"] != old[0]["key"]
    assert attendance("run", "--month", MONTH).code == 0
    secret = json.loads((home / "landing.keys").read_text(encoding="ascii"))["keys"][now[0]["key"]]["key"]
    assert secret not in attendance("settings").out
    assert all(PERSON.encode() not in path.read_bytes() for path in (home / "landing").rglob("*") if path.is_file())
