"""`attendance notices`: seen beforehand, sent, listed, settled; and what it says where something is missing."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from tests.support.cli import Attendance
from tests.support.installations import FIRST, SECOND, installation, refused, with_error
from tests.support.mail_server import MailServer
from tests.support.noticed import SENDER


@pytest.fixture
def used(attendance: Attendance, home: Path, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Attendance:
    """An installation in which two agencies' documents of last month were judged just now."""
    now = datetime.now(UTC)
    month = f"{(now.replace(day=1) - timedelta(days=1)):%Y-%m}"
    opened = installation(home, now)
    made = now.isoformat(timespec="seconds")
    documents = [refused(FIRST, month), with_error(SECOND, month)]
    hand_in(opened, [HandedIn("a", documents[0].replace(b"2021-07-05T09:12:00+08:00", made.encode()))])
    hand_in(opened, [HandedIn("b", documents[1])])
    enter(opened, month)
    opened.engine.dispose()
    monkeypatch.setenv("ATTENDANCE_NOTICES__SMTP_URL", mail_server.url)
    monkeypatch.setenv("ATTENDANCE_NOTICES__SENDER", SENDER)
    (home / "contacts.csv").write_text(f"agency_code,role,address\n{FIRST},agency,hr@first.example\n")
    return attendance


def test_preview_and_dry_run_say_and_send_nothing(used, mail_server, tmp_path):
    shown = used("notices", "preview", "--kind", "refused")
    assert "主旨 Subject: 【差勤報送】" in shown.out
    assert "整份退件" in shown.out
    assert SECOND in shown.err
    folder = tmp_path / "mails"
    assert used("notices", "preview", "--kind", "refused", "-o", folder).code == 0
    (file,) = folder.glob("*.eml")
    assert message_from_bytes(file.read_bytes(), policy=default)["From"] == SENDER
    rows = used("notices", "send", "--dry-run", "--format", "json").objects
    assert ("mail", "refused", FIRST) in {(row["transport"], row["kind"], row["agency_code"]) for row in rows}
    assert mail_server.taken == []
    assert used("notices", "list", "--format", "json").objects == []


def test_send_list_and_settle(used, mail_server):
    answers = iter([""])
    mail_server.on_message = lambda _number: next(answers, None)
    sent = used("notices", "send")
    assert (sent.code, "不確定" in sent.err) == (1, True)
    (row,) = used("notices", "list", "--state", "uncertain", "--format", "json").objects
    assert "hr@first.example" not in str(used("notices", "list").out)
    assert used("notices", "settle", "ffff", "--sent").code == 2
    assert used("notices", "settle", row["id"][:10], "--again").code == 0
    assert used("notices", "send").code == 0
    assert f"<{row['id']}@attendance.example>" in mail_server.ids
    assert used("audit", "list", "--action", "notice_sent", "--format", "json").objects != []


def test_addresses_show_who_was_refused_and_try_again(used, home, mail_server):
    (home / "contacts.csv").write_text(f"agency_code,role,address\n{FIRST},agency,nobody@gone.example\n")
    assert used("notices", "send").code == 1
    (row,) = used("notices", "addresses", "--format", "json").objects
    assert (row["address"], row["refused"]) == ("nobody@gone.example", "550 5.1.1")
    (row,) = used("notices", "addresses", "--retry", "--format", "json").objects
    assert row["refused"] is None


def test_what_is_missing_or_down_is_one_line(used, home, monkeypatch):
    monkeypatch.setenv("ATTENDANCE_NOTICES__SMTP_URL", "smtp://127.0.0.1:1")
    down = used("notices", "send")
    assert (down.code, "無法連線" in down.err) == (2, True)
    (home / "contacts.csv").write_text("agency_code,role\n")
    wrong = used("notices", "send")
    assert (wrong.code, "address" in wrong.err, wrong.err.count("\n")) == (2, True, 1)
    monkeypatch.delenv("ATTENDANCE_NOTICES__SMTP_URL")
    none = used("notices", "send")
    assert (none.code, "notices.smtp_url" in none.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("SMTP_URL", "smtp+starttls://clerk:s3cret@mail.example/path", "s3cret"),
        ("WEBHOOK_URL", "https://clerk:s3cret@hook.example/", "s3cret"),
        ("WEBHOOK_SECRET", "s3cret", "s3cret"),
        ("SENDER", "nobody", None),
    ],
)
def test_settings_that_cannot_be_are_refused_without_their_secrets(attendance, monkeypatch, name, value, secret):
    monkeypatch.setenv(f"ATTENDANCE_NOTICES__{name}", value)
    ran = attendance("settings")
    assert (ran.code, f"notices.{name.lower()}" in ran.err) == (2, True)
    assert secret is None or secret not in ran.err


def test_secrets_are_hidden_among_the_settings(attendance, monkeypatch):
    monkeypatch.setenv("ATTENDANCE_NOTICES__SMTP_URL", "smtp+starttls://clerk:s3cret@mail.example")
    monkeypatch.setenv("ATTENDANCE_NOTICES__SENDER", SENDER)
    shown = {row["name"]: row["value"] for row in attendance("settings", "--format", "json").objects}
    assert shown["notices.smtp_url"] == "smtp+starttls://mail.example"
