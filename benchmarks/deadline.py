"""The portal at the deadline: agencies that check, submit and read their results at once, beside the obvious portal.

    python benchmarks/deadline.py                         # 200 agencies in the same instant, and within a minute
    python benchmarks/deadline.py --agencies 400 --minute 0

A portal in a process of its own over a home of its own (`python -m portal`, one process, SQLite), documents of a
national month's sizes, one connection and one address an agency.  In the same instant: every agency sends its check
when the last one is connected, submits when the check is answered, then reads its month.  Within a minute: the same,
each beginning at a random moment.  Afterwards the ledger and landing are asked for every document.  The obvious portal
(`obvious_portal.py`) gets the same checks in the same instant, in the same run.  Exits with 1 where an answer was an
error or a document is lost.
"""

import argparse
import asyncio
import http.client
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from nation import AGENCIES, MONTH, Nation, make_nation
from sqlalchemy import select

from assets.platform import Platform
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.access.tokens import issue_token
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Submission
from warehouse.register import import_register

#: Seconds that the median answer of the check may take (issue 6).
TARGET = 0.3
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Request:
    """A step, the status that its answer must have, and its bytes: the load must not be what is measured."""

    step: str
    expected: int
    wire: bytes

    @classmethod
    def of(cls, step: str, expected: int, line: str, token: str = "", body: bytes = b"") -> "Request":
        """A request of a keep-alive connection."""
        own = f"Authorization: Bearer {token}\r\n" if token else ""
        head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{own}Content-Type: application/json\r\n"
        return cls(step, expected, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


@dataclass
class Answers:
    """Seconds by step, and what was answered instead of what should have been."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"check": [], "submit": [], "read": []})
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    """Measure, print and judge."""
    options = _options()
    nation = make_nation(options.work, (options.agencies + options.agencies // 50 + 2) / AGENCIES)
    agencies = [agency for agency in nation.agencies if agency.fatal is None][: options.agencies]
    documents = {agency.agency_code: nation.document(agency).read_bytes() for agency in agencies}
    size = sum(map(len, documents.values()))
    print(f"{len(documents)} agencies, {size / 1e6:.0f} MB, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    out = Path(tempfile.mkdtemp(prefix="deadline-", dir=options.work))
    try:
        good = _ours(nation, documents, options.minute, out)
        _obvious(documents)
    finally:
        shutil.rmtree(out)
    sys.exit(0 if good else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agencies", type=int, default=200, help="how many come at once (default 200)")
    parser.add_argument("--minute", type=float, default=60.0, help="seconds within which they come again; 0: no")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/attendance-benchmark"), help="where files go")
    return parser.parse_args()


def _ours(nation: Nation, documents: dict[str, bytes], minute: float, out: Path) -> bool:
    opened = platform(Settings(home=out / "home"), actor="benchmark")
    tokens = _home_of(opened, nation, list(documents))
    good = True
    with served([sys.executable, "-m", "portal", "--port"], out / "home") as port:
        _warm(port, documents)
        for name, starts in (("same instant", 0.0), ("minute", minute)):
            if name == "minute" and not minute:
                continue
            # The second time every document is another one: a space more at its end.
            given = documents if name == "same instant" else {code: data + b" " for code, data in documents.items()}
            requests = [_all_steps(tokens[code], data) for code, data in given.items()]
            answers = asyncio.run(_round(port, requests, starts))
            _print(name, answers)
            good = good and not answers.wrong and _kept(opened, given)
    opened.engine.dispose()
    return good


def _home_of(opened: Platform, nation: Nation, codes: Sequence[str]) -> dict[str, str]:
    at = opened.clock()
    with writing(opened.engine) as session:
        import_register(session, nation.register, date(2021, 1, 1))
        until = (at + timedelta(days=2)).date()
        return {
            code: issue_token(session, code, "benchmark", ["submit", "read"], until, actor="benchmark", at=at)[0]
            for code in codes
        }


@contextmanager
def served(command: Sequence[str], home: Path, tree: Path = HERE.parent) -> Iterator[int]:
    """Run a portal of a tree over a home until the block ends; its port, the command's last argument."""
    port = 18_300
    environment = {**os.environ, "ATTENDANCE_HOME": str(home)}
    process = subprocess.Popen([*command, str(port)], env=environment, cwd=tree)
    try:
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"{command} did not start")
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _all_steps(token: str, data: bytes) -> list[Request]:
    return [
        _check(data),
        Request.of("submit", 201, "POST /api/v1/submissions", token, data),
        Request.of("read", 200, f"GET /api/v1/months/{MONTH}", token),
    ]


def _check(data: bytes) -> Request:
    return Request.of("check", 200, "POST /api/v1/check", body=data)


def _warm(port: int, documents: dict[str, bytes]) -> None:
    """Other documents than will be measured: a portal at the deadline has done its first ones long ago."""
    warming = [[_check(data + b"\n") for data in list(documents.values())[:3]]] * 8
    asyncio.run(_round(port, warming, 0.0))


async def _round(port: int, requests: Sequence[Sequence[Request]], within: float) -> Answers:
    """All agencies, each with its requests one after the other; they begin when the last one is connected."""
    answers, ready = Answers(), asyncio.Barrier(len(requests))
    draws = random.Random(1)
    await asyncio.gather(
        *(_agency(port, number, own, ready, draws.uniform(0, within), answers) for number, own in enumerate(requests))
    )
    return answers


async def _agency(
    port: int, number: int, requests: Sequence[Request], ready: asyncio.Barrier, after: float, answers: Answers
) -> None:
    """One agency's system: an address and a connection of its own."""
    address = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
    await ready.wait()
    await asyncio.sleep(after)
    for request in requests:
        started = time.perf_counter()
        try:
            writer.write(request.wire)
            status, body = await _answer(reader)
            if status != request.expected:
                answers.wrong.append(f"{request.step}: {status} {body[:200].decode(errors='replace')}")
        except (OSError, asyncio.IncompleteReadError) as error:
            answers.wrong.append(f"{request.step}: {error!r}")
        answers.seconds[request.step].append(time.perf_counter() - started)
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    said = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    return int(head.split(b" ", 2)[1]), await reader.readexactly(int(said[b"content-length"]))


def _print(name: str, answers: Answers) -> None:
    for step, seconds in answers.seconds.items():
        if not seconds:
            continue
        ninetieth = statistics.quantiles(seconds, n=10)[-1] if len(seconds) > 1 else seconds[0]
        print(
            f"{name:>13} {step:>7}: median {statistics.median(seconds) * 1e3:6.0f} ms   "
            f"90 % {ninetieth * 1e3:6.0f} ms   longest {max(seconds) * 1e3:6.0f} ms   of {len(seconds)}"
        )
    print(f"{name:>13} answers that were errors: {len(answers.wrong)}")
    for wrong in answers.wrong[:5]:
        print(f"              {wrong}")
    median = statistics.median(answers.seconds["check"])
    print(f"{name:>13} median check ÷ target of {TARGET * 1e3:.0f} ms: {median / TARGET:.2f}")


def _kept(opened: Platform, documents: dict[str, bytes]) -> bool:
    """Whether every document is in the ledger once and in landing byte for byte."""
    with reading(opened.engine) as session:
        rows = session.scalars(select(Submission)).all()
    by_agency: dict[str, list[str]] = {}
    for row in rows:
        by_agency.setdefault(row.agency_code, []).append(row.id)
    kept = 0
    for code, data in documents.items():
        ids = [id_ for id_ in by_agency.get(code, ()) if opened.landing.read(id_) == data]
        kept += len(ids) == 1
    print(f"              kept once and byte for byte: {kept} of {len(documents)}")
    return kept == len(documents)


def _obvious(documents: dict[str, bytes]) -> None:
    """The same checks in the same instant."""
    with served([sys.executable, str(HERE / "obvious_portal.py")], Path("unused")) as port:
        _warm(port, documents)
        answers = asyncio.run(_round(port, [[_check(data)] for data in documents.values()], 0.0))
    _print("obvious", answers)


if __name__ == "__main__":
    main()
