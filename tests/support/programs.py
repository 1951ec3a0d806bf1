"""Programs of a few lines that end badly, each in a process of its own that has everything imported.

Python started anew imports for two seconds what such a program asks for.  So it is forked from a server
(multiprocessing's own) that has imported it and started no thread of ours.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pipelines.cli.app", "pipelines.jobs", "assets.rebuild", "warehouse.backup.making"])


def run_program(program: str, *arguments: object, environment: Mapping[str, str] | None = None) -> int:
    """Run a program's text with these arguments; its exit code, or less than 0 the signal that ended it."""
    asked = (program, [str(argument) for argument in arguments], dict(environment or os.environ))
    process = _CONTEXT.Process(target=_run, args=asked)
    process.start()
    process.join(300)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError("the program did not end")
    return process.exitcode


def _run(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *arguments]
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
