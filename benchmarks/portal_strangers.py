"""What strangers can take of the portal: memory, temporary files, connections; beside the commit without bounds.

    python benchmarks/portal_strangers.py                 # 12 bodies of 127 MB, 6 forms of 127 MB, 600 idle connections

Each portal is a process of its own over an empty home (`python -m portal`).  Nobody is signed in.  Bodies and forms are
sent but for their last bytes and held open; memory is the highest resident size of the portal's main process
afterwards, temporary bytes are those of its open files without a name.  Idle connections are those still open after
`--patience` seconds.
"""

import argparse
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from commits import ROOT, checked_out
from deadline import served

#: The last commit without bounds.
BEFORE = "c97ea5a"
MB = 1_000_000
BODY = 127 * MB
_PIECE = b" " * (1 << 20)


@dataclass(frozen=True)
class Taken:
    """Bytes resident before and after, bytes in temporary files, connections left open."""

    quiet: int
    bodies: int
    temporary: int
    idle: int


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bodies", type=int, default=12, help="bodies held open (default 12)")
    parser.add_argument("--forms", type=int, default=6, help="multipart forms held open (default 6)")
    parser.add_argument("--idle", type=int, default=600, help="connections that say nothing (default 600)")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds after which they are counted")
    options = parser.parse_args()
    with checked_out(BEFORE) as tree:
        before = _taken(tree, options)
    now = _taken(ROOT, options)
    for name, one in ((BEFORE, before), ("now", now)):
        print(
            f"{name:>8}: quiet {one.quiet / MB:6.0f} MB   bodies held {one.bodies / MB:6.0f} MB   "
            f"temporary files {one.temporary / MB:5.0f} MB   idle connections open {one.idle} of {options.idle}"
        )
    grown = max(now.bodies - now.quiet, 0)
    print(f"growth by bodies ÷ that of {BEFORE}: {grown / max(before.bodies - before.quiet, 1):.3f}")


def _taken(tree: Path, options: argparse.Namespace) -> Taken:
    with (
        tempfile.TemporaryDirectory() as folder,
        served([sys.executable, "-m", "portal", "--port"], Path(folder), tree) as port,
    ):
        portal = _portal(port)
        time.sleep(5)  # the processes that check import
        quiet = portal.memory_info().rss
        held = [_held(port, "/api/v1/check", "application/json", b"") for _ in range(options.bodies)]
        time.sleep(2)
        bodies = portal.memory_info().rss
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.json"\r\n\r\n'
        forms = [_held(port, "/check", "multipart/form-data; boundary=x", head) for _ in range(options.forms)]
        time.sleep(2)
        temporary = _temporary(portal)
        for line in (*held, *forms):
            line.close()
        return Taken(quiet, bodies, temporary, _idle(port, options.idle, options.patience))


def _portal(port: int) -> psutil.Process:
    return next(
        child
        for child in psutil.Process().children(recursive=True)
        for connection in child.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    )


def _held(port: int, path: str, kind: str, start: bytes) -> socket.socket:
    """A connection on which all of a body was sent but its last bytes, or as much as was taken."""
    line = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {BODY}\r\n\r\n".encode()
    try:
        line.sendall(head + start)
        left = BODY - len(start) - 100
        while left > 0:
            line.sendall(_PIECE[: min(left, len(_PIECE))])
            left -= len(_PIECE)
    except OSError:
        pass  # it was not taken
    return line


def _temporary(portal: psutil.Process) -> int:
    folder = Path(f"/proc/{portal.pid}/fd")
    gone = [link for link in folder.iterdir() if "(deleted)" in str(link.readlink())]
    return sum(link.stat().st_size for link in gone)


def _idle(port: int, number: int, patience: float) -> int:
    lines = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(number)]
    time.sleep(patience)
    open_ = sum(_is_open(line) for line in lines)
    for line in lines:
        line.close()
    return open_


def _is_open(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        while data := line.recv(65536):
            del data
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


if __name__ == "__main__":
    main()
