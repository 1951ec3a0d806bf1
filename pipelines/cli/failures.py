"""What a command says when it cannot do its work: one line, and what to do.  The one place that ends with 2."""

import re
import sys
import traceback

import typer

from pipelines.cli.console import note, printable

DONE = 0
FAULTS_FOUND = 1
CANNOT = 2
#: What shells expect of a program that Ctrl-C ended.
INTERRUPTED = 130

#: Names in `module.name` of errors whose text is written for the reader; others are named with their kind.
_OURS = re.compile(r"(pipelines|assets|checks|warehouse)\.")
#: Something that looks like a national ID; the same shape as `checks.findings` masks, which is slow to import.
_ID_IN_TEXT = re.compile(r"([A-Za-zＡ-Ｚａ-ｚ][A-Da-dＡ-Ｄａ-ｄ1289１２８９]\d)\d{4}(\d{3})")
#: A submission's id, which is also its file's name: masked, it would name no file.
_SUBMISSION_ID = r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])"
_ID_OR_SUBMISSION = re.compile(f"{_SUBMISSION_ID}|{_ID_IN_TEXT.pattern}")
#: `//user:password@` of an address.
_PASSWORD = re.compile(r"(//[^/\s:@]*):[^/\s@]*@")


class CannotError(Exception):
    """A command cannot do what was asked; the message is for the user, and says what to do."""


def report(error: BaseException, *, debug: bool) -> int:
    """Say on standard error what went wrong, and return the exit code."""
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        note("已中斷 interrupted")
        return INTERRUPTED
    if debug and not isinstance(error, typer.TyperException):
        sys.stderr.write(_masked("".join(traceback.format_exception(error))))
    hint = "" if debug or _is_for_the_reader(error) else " (加 --debug 可見細節 --debug shows more)"
    note(f"錯誤 error: {one_line(error)}{hint}")
    return CANNOT


def one_line(error: BaseException) -> str:
    """The error in one line, without passwords and without national IDs."""
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        text = f"{error.format_message()} (用法見 see: {context.command_path if context else 'attendance'} --help)"
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif _is_for_the_reader(error):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    return printable(" ".join(_masked(text).split()))


def _masked(text: str) -> str:
    return _ID_OR_SUBMISSION.sub(
        lambda found: f"{found[1]}****{found[2]}" if found[1] else found[0], _PASSWORD.sub(r"\1:***@", text)
    )


def _is_for_the_reader(error: BaseException) -> bool:
    """Whether the error's text was written for a user: ours, a wrong usage, or a file that the system refuses."""
    return isinstance(error, typer.TyperException | OSError) or bool(_OURS.match(type(error).__module__))
