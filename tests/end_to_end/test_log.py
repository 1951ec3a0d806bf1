"""A month's log: every line is of a run and a month, says what happened, and holds no ID and no name of anybody."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets import batches, workers
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from pipelines.dagster_home import prepare
from pipelines.run_lines import PARTITION_TAG
from pipelines.settings import Settings, load_settings
from tests.support.installations import FIRST, PERSON, SECOND, THIRD, document, installation, refused, with_error
from warehouse import journal
from warehouse.journal import FIRST as KEYS
from warehouse.landing import LandingDamaged

ROOT = Path(__file__).parents[2]

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
    assert events[0] == "run_began"
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
    assert journal.carried()[1] == {}


def test_the_log_goes_where_the_settings_say(tmp_path, home, attendance, monkeypatch, capsys):
    monkeypatch.setenv("ATTENDANCE_LOG__FORMAT", "text")
    monkeypatch.setenv("ATTENDANCE_LOG__FILE", "-")
    assert attendance("register", "list").err.split(" ", 1)[1].startswith("info ledger_migrated before=empty")
    assert not (home / "logs").exists()
    file = Settings(log={"file": str(tmp_path / "else.log")}).log.config(home).file
    assert file == tmp_path / "else.log"


def test_a_run_of_dagsters_own_has_its_lines_in_its_compute_log(home):
    installation(home).engine.dispose()
    (home / "inbox" / "one.json").write_bytes(document(FIRST))
    dagster_home = prepare(load_settings())
    command = [
        Path(sys.executable).with_name("dagster"),
        "job",
        "execute",
        "-m",
        "pipelines.definitions",
        "-j",
        "monthly",
    ]
    subprocess.run(
        [*command, "--tags", json.dumps({PARTITION_TAG: "2021-06"})],
        cwd=ROOT,
        env={**os.environ, "DAGSTER_HOME": str(dagster_home), "ATTENDANCE_LOG__FILE": "-"},
        check=True,
        capture_output=True,
    )
    logs = [file.read_text(encoding="utf-8") for file in dagster_home.glob("storage/*/compute_logs/*.err")]
    lines = [json.loads(line) for text in logs for line in text.splitlines() if line.startswith('{"time"')]
    assert {line["event"] for line in lines} >= {"batch_entered", "month_published", "marks_told"}
    assert len({line["run"] for line in lines}) == 1
    assert {line["month"] for line in lines} == {"2021-06"}


def test_a_workers_line_is_in_the_same_log_and_names_the_same_month(home, monkeypatch):
    opened = installation(home, entry_workers=2)
    monkeypatch.setattr(batches, "BATCH_DOCUMENTS", 1)
    # This process does its share without looking, so that it is a worker that comes upon the damage.
    monkeypatch.setattr(workers, "check_and_store", lambda *_, **__: batches.Done([], {}))
    times = [f"2021-07-0{day}T09:00:00+08:00" for day in range(1, 9)]
    received = hand_in(opened, [HandedIn(time, document(FIRST, produced_at=time)) for time in times])
    for one in received:
        (file,) = opened.home.landing.rglob(f"{one.submission_id}*")
        file.chmod(0o600)
        file.write_bytes(b"damaged")
    with journal.bound(run="r-1", month="2021-06"), pytest.raises(LandingDamaged):
        enter(opened, "2021-06")
    opened.engine.dispose()
    lines = [json.loads(line) for line in (home / "logs" / "attendance.log").read_text(encoding="utf-8").splitlines()]
    failed = [line for line in lines if line["event"] == "batch_failed"]
    assert {(line["run"], line["month"], line["error"]) for line in failed} == {("r-1", "2021-06", "LandingDamaged")}
    assert os.getpid() not in {line["worker"] for line in failed}
