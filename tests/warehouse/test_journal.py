"""The log: its lines and their order, that IDs do not get out, that several processes write one file."""

import json
import multiprocessing
import subprocess
import sys

import pytest

from warehouse import journal
from warehouse.journal import JSON, TEXT, JournalConfig, bound, log

ID = "A123456789"


@pytest.fixture
def file(tmp_path):
    """A file that the lines go to for this test."""
    journal.set_up(JournalConfig(JSON, tmp_path / "logs" / "one.log"))
    yield tmp_path / "logs" / "one.log"
    journal.set_up(JournalConfig(JSON, tmp_path / "other.log"))


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_when_what_and_about_what_first(file):
    with bound(run="r-1", month="2021-06"):
        log.warning("agency_failed", reason="連線失敗", agency="376500001A", channel="webitr")
    (line,) = lines(file)
    assert list(line) == ["time", "level", "event", "run", "agency", "month", "channel", "reason"]
    assert (line["level"], line["event"], line["run"], line["reason"]) == (
        "warning",
        "agency_failed",
        "r-1",
        "連線失敗",
    )


def test_what_is_bound_ends_with_its_block_and_what_is_not_known_is_left_out(file):
    with bound(month="2021-06"):
        pass
    log.info("reviewed", changed=3)
    assert set(lines(file)[0]) == {"time", "level", "event", "changed"}


@pytest.mark.parametrize("form", [JSON, TEXT])
def test_ids_do_not_get_out_wherever_they_stand(tmp_path, form):
    journal.set_up(JournalConfig(form, tmp_path / "masked.log"))
    with bound(source=f"/inbox/{ID}.json"):
        log.error(f"oh {ID}", text=ID, nested={"a": [ID, {ID: 1}], "b": (f"x{ID}y",)}, error=ValueError(ID))
    written = (tmp_path / "masked.log").read_text(encoding="utf-8")
    assert ID not in written
    assert written.count("****") == 7
    digest = "a1" * 5 + "123456789" + "ab" * 22 + "c"
    log.info("submission_refused", submission=digest)
    assert digest in (tmp_path / "masked.log").read_text(encoding="utf-8")


def test_text_is_one_line_whatever_is_in_it(tmp_path):
    journal.set_up(JournalConfig(TEXT, tmp_path / "text.log"))
    log.warning("agency_failed", agency="376500001A", reason="first\nsecond")
    (line,) = (tmp_path / "text.log").read_text(encoding="utf-8").splitlines()
    assert line.endswith(r"warning agency_failed agency=376500001A reason='first\nsecond'")


def _write(carried, number):
    journal.resume(carried)
    for _ in range(200):
        log.info("batch_entered", worker=number, padding="x" * 400)


def test_worker_processes_go_on_in_the_same_file_and_rotate_it_without_losing_a_line(file, monkeypatch):
    with bound(run="r-2", month="2021-06"):
        carried = journal.carried()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(carried, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    written = lines(file)
    assert len(written) == 600
    assert {(line["run"], line["month"]) for line in written} == {("r-2", "2021-06")}


def test_a_file_is_put_aside_when_it_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "_FILE_BYTES", 10_000)
    journal.set_up(JournalConfig(JSON, tmp_path / "small.log"))
    for number in range(100):
        log.info("batch_entered", number=number, padding="x" * 300)
    kept = sorted(tmp_path.glob("small.log*"))
    assert len(kept) > 2
    numbers = [line["number"] for file in kept for line in lines(file)]
    assert sorted(numbers) == list(range(100 - len(numbers), 100))
    assert all(one.stat().st_mode & 0o007 == 0 for one in kept)


def test_a_log_that_cannot_be_written_stops_nothing_and_says_so_once(tmp_path, capsys):
    (tmp_path / "file").touch()
    journal.set_up(JournalConfig(JSON, tmp_path / "file" / "log"))
    log.info("reviewed")
    assert capsys.readouterr().err.count("cannot be opened") == 1
    journal.set_up(JournalConfig(JSON, tmp_path / "full.log"))
    (tmp_path / "full-disk.log").symlink_to("/dev/full")
    journal.set_up(JournalConfig(JSON, tmp_path / "full-disk.log"))
    log.info("reviewed")
    log.info("reviewed")
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_standard_error_is_the_one_of_the_moment(capsys):
    journal.set_up(JournalConfig(JSON, None))
    log.info("reviewed", changed=1)
    assert json.loads(capsys.readouterr().err)["changed"] == 1


def test_until_it_is_set_up_nothing_is_written():
    code = "from warehouse.journal import log; log.error('reviewed', changed=1)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
