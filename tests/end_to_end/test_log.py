"""A month's log: every line is of a run and a month, says what happened, and holds no ID and no name of anybody."""

import json

import pytest
import structlog

from pipelines.settings import Settings
from tests.support.installations import FIRST, PERSON, SECOND, THIRD, document, installation, refused, with_error
from warehouse.journal import FIRST as KEYS

NAME = "王小明"
STRANGER = "B223456782"


@pytest.fixture
def month(home, attendance):
    """June 2021 handed in by an inbox whose files are called after people, and run; the lines of its log."""
    opened = installation(home)
    opened.engine.dispose()
    inbox = home / "inbox"
    noise = json.dumps({"person_id": PERSON, "name": NAME, PERSON: NAME}, ensure_ascii=False).encode()
    in_wrong_places = document(THIRD, produced_by={"system": f"{NAME}{PERSON}", "version": PERSON}, **{PERSON: NAME})
    for name, data in {
        f"{PERSON}.json": document(FIRST),
        f"{NAME}-{STRANGER}.json": with_error(SECOND),
        f"{PERSON}/{NAME}.json": refused(THIRD),
        "noise.json": noise,
        "cut.json": in_wrong_places[: len(in_wrong_places) // 2],
        "wrong.json": in_wrong_places,
    }.items():
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_bytes(data)
    assert attendance("run", "--month", "2021-06").code == 1
    assert attendance("doctor").code in (0, 1)
    assert attendance("notices", "send").code == 2
    return [json.loads(line) for line in (home / "logs" / "attendance.log").read_text(encoding="utf-8").splitlines()]


def test_a_month_says_what_happened_and_of_nobody(month):
    events = [line["event"] for line in month]
    assert events[0] == "ledger_migrated"
    for event in ("run_began", "channel_pulled", "submission_refused", "batch_entered", "month_published", "run_ended"):
        assert event in events, event
    said = json.dumps(month, ensure_ascii=False)
    for secret in (PERSON, STRANGER, NAME, "小明"):
        assert secret not in said
    assert said.count("submission_refused") >= 3


def test_every_line_of_a_run_names_it_and_its_month_and_begins_alike(month):
    began = next(line for line in month if line["event"] == "run_began")
    of_run = [line for line in month if line.get("run") == began["run"]]
    assert {line["event"] for line in of_run} >= {"batch_entered", "month_published", "marks_told", "run_ended"}
    assert {line["month"] for line in of_run if line["event"] != "batch_entered"} == {"2021-06"}
    for line in month:
        assert list(line)[:3] == ["time", "level", "event"]
        first = [name for name in line if name in KEYS]
        assert first == [name for name in KEYS if name in line] == list(line)[: len(first)]


def test_a_run_that_fails_says_in_which_step_and_of_what_kind(home, attendance):
    opened = installation(home)
    opened.engine.dispose()
    (home / "sources.toml").write_text("[webitr]\nno_such_setting = 1\n")
    assert attendance("run", "--month", "2021-06").code == 2
    lines = [json.loads(line) for line in (home / "logs" / "attendance.log").read_text().splitlines()]
    (failed,) = [line for line in lines if line["event"] == "run_failed"]
    assert (failed["level"], failed["job"], failed["failed"]) == ("error", "monthly", {"pull_month": "SourcesError"})
    assert structlog.contextvars.get_contextvars() == {}


def test_the_log_goes_where_the_settings_say(tmp_path, home, attendance, monkeypatch, capsys):
    monkeypatch.setenv("ATTENDANCE_LOG__FORMAT", "text")
    monkeypatch.setenv("ATTENDANCE_LOG__FILE", "-")
    assert attendance("register", "list").err.split(" ", 1)[1].startswith("info ledger_migrated before=empty")
    assert not (home / "logs").exists()
    file = Settings(log={"file": str(tmp_path / "else.log")}).log.config(home).file
    assert file == tmp_path / "else.log"
