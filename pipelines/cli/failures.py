"""What a command says when it cannot do its work: one line, and what to do.  The one place that ends with 2 or 70."""

import errno
import re
import sys
import traceback
from collections.abc import Callable

import typer

from pipelines.cli.console import note, printable
from pipelines.signals import Terminated

DONE = 0
FAULTS_FOUND = 1
CANNOT = 2
#: A fault of this program (EX_SOFTWARE of sysexits.h): neither the data's nor the machine's.
CRASHED = 70
#: What shells expect of a program that Ctrl-C ended.
INTERRUPTED = 130
#: And of one that SIGTERM ended.
TERMINATED = 143

#: Names in `module.name` of errors whose text is written for the reader; others are named with their kind.
_OURS = re.compile(r"(pipelines|assets|checks|warehouse)\.")
#: Something that looks like a national ID; the same shape as `checks.findings` masks, which is slow to import.
_ID_IN_TEXT = re.compile(r"([A-Za-zＡ-Ｚａ-ｚ][A-Da-dＡ-Ｄａ-ｄ1289１２８９]\d)\d{4}(\d{3})")
#: A submission's id, which is also its file's name: masked, it would name no file.
_SUBMISSION_ID = r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])"
_ID_OR_SUBMISSION = re.compile(f"{_SUBMISSION_ID}|{_ID_IN_TEXT.pattern}")


class CannotError(Exception):
    """A command cannot do what was asked; the message is for the user, and says what to do."""


def report(error: BaseException, *, debug: bool) -> int:
    """Say on standard error what went wrong, and return the exit code."""
    if isinstance(error, KeyboardInterrupt | Terminated | typer.Abort):
        note("已中斷 interrupted")
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    if debug and not isinstance(error, typer.TyperException):
        sys.stderr.write(_masked("".join(traceback.format_exception(error))))
    known = _of_the_machine(error) or _is_for_the_reader(error)
    hint = "" if debug or known else " (程式錯誤，請加 --debug 回報 a fault of this program: report what --debug shows)"
    note(f"錯誤 error: {one_line(error)}{hint}")
    return CANNOT if known else CRASHED


def one_line(error: BaseException) -> str:
    """The error in one line, without passwords and without national IDs."""
    if not _is_ours(error) and (said := _of_the_machine(error)):
        text = said
    elif isinstance(error, typer.TyperException):
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
    from warehouse.redaction import without_secrets  # only here: pydantic is slow to import

    return _ID_OR_SUBMISSION.sub(
        lambda found: f"{found[1]}****{found[2]}" if found[1] else found[0], without_secrets(text)
    )


def _is_for_the_reader(error: BaseException) -> bool:
    """Whether the error's text was written for a user: ours, a wrong usage, or a file that the system refuses."""
    return isinstance(error, typer.TyperException | OSError) or _is_ours(error)


def _is_ours(error: BaseException) -> bool:
    return bool(_OURS.match(type(error).__module__))


def _of_the_machine(error: BaseException) -> str:
    """What to say where the cause is a disk, memory or a database that is away; empty where it is not.

    Whoever raised it: the libraries have each their own class and words for a full disk.
    """
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for one in causes:
        for is_it, said in _OF_THE_MACHINE:
            if is_it(one):
                return said
    return ""


def _has_errno(*numbers: int) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, OSError) and error.errno in numbers


def _says(*words: str) -> Callable[[BaseException], bool]:
    """Whether a library's error, which has no code of its own, says one of these."""
    return lambda error: not isinstance(error, OSError) and any(word in str(error) for word in words)


def _of_sqlite(*beginnings: str) -> Callable[[BaseException], bool]:
    return lambda error: str(getattr(error, "sqlite_errorname", "")).startswith(beginnings)


_FULL = (
    "磁碟已滿，已收者不受影響；請清出空間後再執行一次 "
    "the disk is full, what was recorded stays: make room and run it again"
)
_READ_ONLY = "資料夾唯讀，無法寫入 the folder is read-only: this command needs to write"
_UNREADABLE = (
    "磁碟無法讀寫，多因已滿，請檢查後再執行一次 "
    "the disk cannot be read or written, most likely it is full: look at df, then run it again"
)
_AWAY = "資料庫無法連線，請確認已啟動後再執行一次 the database does not answer: see that it is up, and run it again"
_OF_THE_MACHINE: tuple[tuple[Callable[[BaseException], bool], str], ...] = (
    (_has_errno(errno.ENOSPC, errno.EDQUOT), _FULL),
    (_of_sqlite("SQLITE_FULL"), _FULL),
    (_says("No space left on device", "database or disk is full"), _FULL),
    (_has_errno(errno.EROFS), _READ_ONLY),
    (_of_sqlite("SQLITE_READONLY"), _READ_ONLY),
    (_of_sqlite("SQLITE_IOERR"), _UNREADABLE),
    (_says("connection to server at", "could not translate host name"), _AWAY),
    (
        lambda error: isinstance(error, MemoryError),
        "記憶體不足 out of memory: give it more, or set ATTENDANCE_ENTRY_WORKERS lower",
    ),
)
