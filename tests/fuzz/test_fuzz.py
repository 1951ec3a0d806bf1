"""A bounded run of the fuzzer, every input it was started from or ever stumbled over, and that its judge can say no."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from checks.format.scanner import scan
from tests.fuzz import judge as judging
from tests.fuzz.judge import LIMITS, judge, stands_in_the_text

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
ROOT = Path(__file__).parents[2]
#: Inputs of the short run, by number and not by time; `make fuzz` is for long ones.
RUNS = 150


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_what_holds_of_any_bytes_holds_of_the_corpus(file):
    judge(file.read_bytes())


def test_a_short_run_finds_nothing(tmp_path):
    pytest.importorskip("atheris", reason="atheris has wheels for x86-64 Linux only")
    found = tmp_path / "found"
    found.mkdir()
    command = [sys.executable, "-m", "tests.fuzz", str(found), str(CORPUS[0].parent), "-seed=1", f"-runs={RUNS}"]
    ran = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{[one.name for one in tmp_path.iterdir()]}"
    assert f"Done {RUNS} runs" in ran.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": 99},
        {"column": 10_000},
        {"column": 1},
        {"value": "A123456789"},
        {"message": "王小明（Ｂ２２３４５６７８２）"},
        {"value": "a\u202eb"},
    ],
    ids=str,
)
def test_the_judge_objects_to_a_wrong_finding(wrong):
    data = (CORPUS[0].parent / "twice.json").read_bytes()
    (right,) = scan(data, LIMITS).findings
    stands_in_the_text(right, data)
    with pytest.raises(AssertionError):
        stands_in_the_text(replace(right, **wrong), data)


def test_the_judge_objects_to_a_lenient_quick_way(monkeypatch):
    data = (CORPUS[0].parent / "valid.json").read_bytes().replace(b'"hours": 8', b'"hours": 8.375')
    judge(data)
    monkeypatch.setattr(judging, "faulty_documents", lambda frames: set())
    with pytest.raises(AssertionError):
        judge(data)
