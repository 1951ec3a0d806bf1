"""Errors become one line and an exit code, in one place; nothing secret is in the line."""

import pytest

from pipelines.cli import failures
from warehouse.landing import LandingDamaged


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "/x"), "/x: No such file or directory"),
        (OSError("no errno"), "no errno"),
        (failures.CannotError("做這個 do this"), "做這個 do this"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ValueError("esc \x1b[31m"), r"ValueError: esc \x1b[31m"),
        (ValueError("of A123456789 and AC12345678"), "ValueError: of A12****789 and AC1****678"),
        (ValueError(f"of {'0c123456789a' * 5}beef"), f"ValueError: of {'0c123456789a' * 5}beef"),
        (
            ValueError("postgresql+psycopg://me:secret@host/db"),
            "ValueError: postgresql+psycopg://host/db",
        ),
    ],
)
def test_an_error_is_one_line(error, line):
    assert failures.one_line(error) == line


def test_an_unforeseen_error_says_how_to_see_more(capsys):
    assert failures.report(ZeroDivisionError("x"), debug=False) == failures.CRASHED
    said = capsys.readouterr()
    assert "--debug" in said.err
    assert len(said.err.splitlines()) == 1
    assert not said.out


def test_debug_gives_the_traceback(capsys):
    with pytest.raises(LandingDamaged) as raised:
        raise LandingDamaged(place="/landing/ab/ab", detail="SHA-256 00")
    assert failures.report(raised.value, debug=True) == failures.CANNOT
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "test_failures.py" in said


def test_an_interruption_is_no_error(capsys):
    assert failures.report(KeyboardInterrupt(), debug=False) == 130
    assert capsys.readouterr().err == "已中斷 interrupted\n"
