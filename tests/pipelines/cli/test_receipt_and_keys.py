"""Receipts verified with nothing but the file and a public key; the keys of landing rotated from the command line."""

import json
from pathlib import Path

import pytest

from tests.support.cli import Attendance
from tests.support.installations import FIRST, PERSON, document
from warehouse.receipt_signature import new_signing_key, signed

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
    # Nobody need have a key to see that it was changed.
    unsigned = attendance("receipt", "verify", changed, file)
    assert (unsigned.code, "曾遭更改" in unsigned.out) == (1, True)


def test_without_a_key_it_says_that_nobody_was_checked(receipt, attendance):
    file, written, _ = receipt
    ran = attendance("receipt", "verify", written, file)
    assert (ran.code, "未驗證開立者" in ran.out, "--public-key" in ran.err) == (0, True, True)


def test_a_receipt_from_before_a_change_of_keys_is_not_called_forged(receipt, attendance, home, tmp_path):
    file, written, old = receipt
    (home / "receipt.key").unlink()
    new = tmp_path / "new.pem"
    new.write_text(attendance("receipt", "key").out, encoding="ascii")
    ran = attendance("receipt", "verify", written, file, "--public-key", new)
    assert (ran.code, "另一把金鑰" in ran.out) == (1, True)
    assert attendance("receipt", "verify", written, file, "--public-key", old).code == 0


def test_a_receipt_signed_anew_by_somebody_else_does_not_hold(receipt, attendance, tmp_path):
    file, written, key = receipt
    said = json.loads(written.read_text(encoding="utf-8"))
    for name in ("format", "key", "public_key", "signature"):
        del said[name]
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(signed(said | {"on_time": False}, new_signing_key())), encoding="utf-8")
    assert attendance("receipt", "verify", forged, file, "--public-key", key).code == 1
    said = json.loads(forged.read_text(encoding="utf-8"))
    said["public_key"] = key.read_text(encoding="ascii")  # the platform's key beside another's signature
    forged.write_text(json.dumps(said), encoding="utf-8")
    ran = attendance("receipt", "verify", forged, file, "--public-key", key)
    assert (ran.code, "簽章無效" in ran.out) == (1, True)


def test_a_key_that_is_none_is_not_a_forged_receipt(receipt, attendance):
    file, written, _ = receipt
    ran = attendance("receipt", "verify", written, file, "--public-key", file)
    assert (ran.code, "公鑰檔" in ran.err, ran.out) == (2, True, "")


@pytest.mark.parametrize("change", [{"month": 7}, {"signature": 5}, {"agency_code": None}, {"submission_id": "\ud800"}])
def test_what_has_other_types_than_a_receipt_is_none(receipt, attendance, tmp_path, change):
    file, written, key = receipt
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(json.loads(written.read_text(encoding="utf-8")) | change), encoding="ascii")
    ran = attendance("receipt", "verify", odd, file, "--public-key", key)
    assert (ran.code, "不是本平臺的收據檔" in ran.err) == (2, True)
    odd.write_text("[" * 100_000, encoding="ascii")
    assert "不是本平臺的收據檔" in attendance("receipt", "verify", odd, file, "--public-key", key).err


def test_the_submission_is_named_unmistakably(receipt, attendance, tmp_path):
    other = tmp_path / "other.json"
    other.write_bytes(document(FIRST, leaves=[]))
    attendance("submit", other)
    ran = attendance("receipt", "issue", "--agency", FIRST, "--month", MONTH, "--id", "")
    assert (ran.code, "沒有唯一符合" in ran.err) == (2, True)


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
