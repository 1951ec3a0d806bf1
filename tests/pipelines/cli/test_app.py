"""The program as a whole: its commands, wrong usage, the ways in which a run ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import check, reference
from pipelines.cli.app import ending

ROOT = Path(__file__).parents[3]
HELPS = dict(reference.helps())


def test_the_page_of_commands_is_as_the_program_prints_it():
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference.page(), "python -m pipelines.cli.reference > docs/cli.md"


def test_the_commands_are_those_of_the_specification():
    commands = {path.removeprefix("attendance").strip() for path in HELPS}
    assert commands - {""} == {
        "demo", "register", "register import", "register list", "check", "format", "submit", "pull", "run",
        "status", "findings", "report", "rebuild", "fetch", "doctor", "settings", "metrics", "compare", "withdraw",
        "revert", "changes",
        "rules", "rules list", "rules show", "rules preview", "rules replay",
        "calendar", "calendar import", "calendar list",
        "closures", "closures import", "closures list", "scheduled", "retention", "retention show", "retention apply",
        "duties", "duties show", "duties exempt", "duties extend", "duties withdraw", "duties list",
        "explain", "explain add", "explain list", "explain revoke", "explain codes",
        "receipt", "receipt issue", "receipt verify", "receipt key",
        "keys", "keys list", "keys rotate", "keys reencrypt", "keys retire",
        "access", "access grant", "access import", "access withdraw", "access list",
        "audit", "audit list", "audit verify", "audit head", "audit accept",
        "backup", "backup create", "backup list", "backup verify", "backup restore",
        "notices", "notices list", "notices preview", "notices send", "notices addresses", "notices settle",
    }  # fmt: skip


#: Groups of commands, which print nothing themselves.
GROUPS = {path for path in HELPS if any(other.startswith(f"{path} ") for other in HELPS)}


def test_every_command_explains_itself_in_both_languages():
    bodies = {path: text.split("Options:")[0] for path, text in HELPS.items()}
    assert [path for path, body in bodies.items() if not re.search(r"[\u4e00-\u9fff]", body)] == []
    assert [path for path, body in bodies.items() if not re.search(r"[A-Za-z]+ [a-z]+", body.split("\n", 2)[2])] == []


#: The demo prints a story, metrics are text for Prometheus, the format is files as they are published; a receipt and a
#: head of the audit are JSON in any case.
SAID_OTHERWISE = {
    *("attendance demo", "attendance receipt issue", "attendance audit head", "attendance metrics"),
    "attendance format",
}


def test_whatever_prints_prints_json_too():
    assert {path for path in HELPS if path not in GROUPS and "--format" not in HELPS[path]} <= SAID_OTHERWISE


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["register"],
        ["check"],
        ["check", "--bogus", "x"],
        ["check", "/no/such/file"],
        ["check", "x", "--agency", "short"],
        ["scheduled"],
        ["status", "--month", "2021-13"],
        ["status", "--month", "110-06"],
        ["run", "--month", "2021-06", "--to", "2021-05"],
        ["run", "--month", "2020-12"],
        ["report", "bogus", "--year", "2021"],
        ["report", "summary", "--year", "2021", "--month", "2022-01"],
        ["report", "submission-ratios", "--year", "2021", "--month", "2021-01"],
        ["report", "summary", "--year", "2021", "--as-of", "yesterday"],
        ["report", "summary", "--year", "2021"],
        ["register", "import", "/no/such/file"],
        ["register", "list"],
        ["submit", "/no/such/file"],
    ],
)
def test_what_cannot_be_done_is_one_line_and_2(attendance, arguments):
    ran = attendance(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("錯誤 error: ")
    assert "Traceback" not in ran.err


def test_no_command_shows_the_help(attendance):
    ran = attendance()
    assert ran.code == 0
    assert "register" in ran.out


@pytest.mark.parametrize("arguments", [["--debug", "submit", "/no"], ["submit", "/no", "--debug"]])
def test_debug_may_stand_anywhere(attendance, arguments):
    ran = attendance(*arguments)
    assert ran.code == 2
    assert "Traceback" in ran.err
    assert ran.err.splitlines()[-1].startswith("錯誤 error: ")


def test_an_interruption_ends_with_130(monkeypatch, attendance, tmp_path):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    (tmp_path / "file").write_bytes(b"{}")
    monkeypatch.setattr(check, "checked_files", interrupted)
    ran = attendance("check", tmp_path / "file")
    assert (ran.code, ran.err) == (130, "已中斷 interrupted\n")


def test_ctrl_c_in_the_middle_leaves_no_traceback(tmp_path):
    fifo = tmp_path / "never-ending.json"
    os.mkfifo(fifo)
    # Started in the background, a shell has its children ignore SIGINT; here the program must hear it.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "pipelines.cli.app", "check", str(fifo)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with fifo.open("wb"):  # the program has opened it as well: it reads now, or is about to
            process.send_signal(signal.SIGINT)
        # Polars has interrupted reads go on, so the interruption shows when the file ends.
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert (out, err.decode()) == (b"", "已中斷 interrupted\n")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    for number in range(300):
        (tmp_path / f"{number:03}.json").write_bytes(b"{" * 50)
    ran = subprocess.run(
        f"{sys.executable} -m pipelines.cli.app check {tmp_path} | head -n 1",
        shell=True, executable="/bin/bash", cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "000.json" in ran.stdout
    assert ran.stderr == ""


def test_the_output_is_utf8_whatever_the_locale():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    ran = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.app", "--help"],
        cwd=ROOT, env=environment, capture_output=True, check=True,
    )  # fmt: skip
    assert "差勤資料彙整平臺" in ran.stdout.decode("utf-8")


def test_check_starts_without_dagster_and_without_the_database():
    program = (
        "import sys; from pipelines.cli.app import ending; ending(['check', sys.argv[1]]); "
        "print([name for name in ('dagster', 'duckdb', 'httpx') if name in sys.modules], file=sys.stderr)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATTENDANCE_")}
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "pyproject.toml")],
        cwd=ROOT / "docs", env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stderr == "[]\n"


def test_ending_gives_the_code_of_the_command(tmp_path, capsys):
    (tmp_path / "bad.json").write_bytes(b"")
    assert ending(["check", str(tmp_path / "bad.json")]) == 1
    assert "F002" in capsys.readouterr().out
