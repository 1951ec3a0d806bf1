"""What reaches the terminal: JSON alone on standard output, no control characters, progress only where one looks."""

import json
import os
import pty
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from rich.cells import cell_len

from pipelines.cli import console


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("王小明 ok", "王小明 ok"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("two\nlines\t", r"two\nlines\t"),
        ("abc\u202ecba", r"abc\u202ecba"),
        ("\ud800", r"\ud800"),
        (12, "12"),
    ],
)
def test_printable_shows_what_it_does_not_obey(text, shown):
    assert console.printable(text) == shown


def test_json_is_one_line_of_utf8(capsys):
    console.say_json({"名": Decimal("1.50"), "day": date(2021, 6, 3), "text": "a\nb"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"名": 1.5, "day": "2021-06-03", "text": "a\nb"}
    assert "名" in out


@pytest.mark.parametrize("rows", [2, console.DRAWN + 1])
def test_a_table_is_aligned_and_complete_however_long(rows, capsys):
    console.table("標題", ("機關", "數"), [(f"機關{number}", number) for number in range(rows)], numbers=[1])
    lines = [line for line in capsys.readouterr().out.splitlines() if "機關" in line][1:]
    assert len(lines) == rows
    assert len({cell_len(line.rstrip()) for line in lines}) == 1
    assert lines[-1].split() == [f"機關{rows - 1}", str(rows - 1)]


PROGRESS = """
from pipelines.cli.console import progress, say
with progress("working", 2) as advance:
    advance()
    advance(completed=2, total=2)
say("done")
"""


def test_progress_is_quiet_in_a_pipe():
    ran = subprocess.run([sys.executable, "-c", PROGRESS], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("done\n", "")


def test_progress_is_drawn_on_a_terminal_and_not_on_standard_output():
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", PROGRESS], stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        out, _ = process.communicate(timeout=60)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    os.close(ours)
    assert out == b"done\n"
    assert b"working" in drawn
