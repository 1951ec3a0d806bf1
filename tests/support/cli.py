"""Running `attendance` in this process: arguments in; exit code, standard output and standard error out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.app import ending


@dataclass(frozen=True)
class Ran:
    """What a run of the program came to."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[Any]:
        """Standard output as JSON, one value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


Attendance = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of this test's installation; it is not there yet."""
    for name in ("ATTENDANCE_SETTINGS", "ATTENDANCE_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATTENDANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def attendance(home: Path, capsys: pytest.CaptureFixture[str]) -> Attendance:
    """`attendance("check", file)`: run the program over this test's home."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = ending([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
