"""Programs end on SIGTERM and Ctrl-C however they were started, with one line; a crash has a code of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.installations import installation
from tests.support.postgres import free_port

PROGRAM = str(Path(sys.executable).with_name("attendance"))
#: What loses the first signal, as some libraries do while they are imported, and takes its time once it is to end.
LOSING = """
import time
from pipelines.signals import ending_the_process
with ending_the_process():
    try:
        print("begun", flush=True)
        time.sleep(600)
    except:
        print("lost", flush=True)
    try:
        time.sleep(600)
    finally:
        time.sleep(2.5)
        print("cleaned up", flush=True)
"""
QUERYING = """
import duckdb
import checks.rule_set
from pipelines.cli.app import main
def never_done():
    print("begun", flush=True)
    duckdb.execute("SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b").fetchall()
checks.rule_set.all_rules = never_done
main(["rules", "list"])
"""


def ignoring_interrupts():
    """As a script's background jobs begin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def started(home, *arguments, program=(PROGRAM,), **more):
    return subprocess.Popen(
        [*program, *arguments],
        env={**os.environ, "ATTENDANCE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=ignoring_interrupts,  # noqa: PLW1509 — no thread here holds a lock
        **more,
    )


@pytest.fixture
def slow(tmp_path):
    """An installation whose inbox is being emptied by somebody else, so that a pull waits."""
    opened = installation(tmp_path)
    opened.engine.dispose()
    holder = subprocess.Popen(["flock", str(tmp_path / ".inbox.lock"), "sleep", "600"])
    yield tmp_path
    holder.kill()
    holder.wait()


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [("pull", signal.SIGTERM, 143), ("pull", signal.SIGINT, 130), ("run", signal.SIGTERM, 130)],
)
def test_a_command_in_the_background_ends_with_one_line(slow, command, number, code):
    process = started(slow, command, "--month", "2021-06")
    waits_for(slow / "logs" / "attendance.log", process, command)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert said.splitlines()[-1] == "已中斷 interrupted"
    assert "Traceback" not in said
    assert process.returncode == code  # in a run Dagster has SIGTERM do what Ctrl-C does


def waits_for(log, process, command):
    """Until it does its work."""
    until = time.monotonic() + 60
    while not (command == "pull" or "run_began" in (log.read_text() if log.exists() else "")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(2 if command == "pull" else 1)


def test_a_program_started_by_ours_has_the_signals_of_a_terminal():
    reads = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    became = started("/tmp", "-m", "pipelines.signals", sys.executable, "-c", reads, program=(sys.executable,))
    assert became.communicate(timeout=60)[0] == "True\n"


def test_metrics_that_were_started_in_the_background_end(tmp_path):
    process = serving_metrics(tmp_path)
    assert "/metrics" in process.stderr.readline()
    process.terminate()
    assert ended(process) == "已中斷 interrupted\n"


def test_metrics_that_are_still_starting_end(tmp_path):
    process = serving_metrics(tmp_path)
    libraries = Path(f"/proc/{process.pid}/maps")
    while "pydantic_core" not in libraries.read_text():  # the first of many, of which some pass over any exception
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.terminate()
    assert "/metrics" not in ended(process)


def serving_metrics(home):
    installation(home).engine.dispose()
    return started(home, "metrics", "--serve", str(free_port()))


def ended(process):
    """Of a process that was asked to end: what it said, having ended with the code of one."""
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    return said


def test_a_signal_that_is_lost_comes_again_and_cleaning_up_is_left_in_peace():
    process = begun(LOSING)
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert (said, process.returncode) == ("lost\ncleaned up\n", 143)


def test_a_query_that_takes_long_is_interrupted():
    process = begun(QUERYING)
    process.terminate()
    assert ended(process) == "已中斷 interrupted\n"


def begun(program):
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    return process


def test_closed_standard_output_is_no_fault_of_the_data(tmp_path):
    shell = f"{PROGRAM} rules list >&-"
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr


def test_a_fault_of_ours_has_a_code_of_its_own(tmp_path, attendance, monkeypatch):
    def broken(*_arguments, **_more):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("checks.rule_set.all_rules", broken)
    ran = attendance("rules", "list")
    assert ran.code == 70
    assert "a fault of this program" in ran.err
