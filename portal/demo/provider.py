"""An OpenID Connect provider that stands in for the single sign-on in the demo and in tests: started, and ended.

It is a process of its own (`site.py`), told who there is by a line on its standard input, and ends when that input
does: it never outlives whoever started it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.request import urlopen

#: Seconds until the provider must answer after it was started.
_PATIENCE = 60


@dataclass(frozen=True)
class Registration:
    """The client (the portal at `portal_url`) and the people (account → name), who all have one password."""

    portal_url: str
    client_id: str
    client_secret: str = field(repr=False)
    people: Mapping[str, str]
    password: str = field(repr=False)

    def as_json(self) -> str:
        """The line that the process reads."""
        return json.dumps(asdict(self))


def issuer_at(port: int) -> str:
    """The issuer of the provider that listens on this port."""
    return f"http://127.0.0.1:{port}/o"


def start_provider(folder: Path, port: int, registration: Registration) -> subprocess.Popen[str]:
    """Start the process and wait until it answers; closing its `stdin` ends it.  Raises RuntimeError where it ends."""
    command = [sys.executable, "-m", "portal.demo.site", "--port", str(port), "--folder", str(folder)]
    # In a session of its own: Ctrl-C is for whoever started it, who ends it then.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 — ourselves
    assert process.stdin is not None  # noqa: S101 — a pipe, as asked for
    process.stdin.write(registration.as_json() + "\n")
    process.stdin.flush()
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{issuer_at(port)}/.well-known/openid-configuration", timeout=1):  # noqa: S310 — our own
                return process
        except OSError:
            time.sleep(0.1)
    stop_provider(process)
    raise RuntimeError("單一簽入（示範）未能啟動 the demo's provider did not start: is its port taken?")


def stop_provider(process: subprocess.Popen[str]) -> None:
    """End it and wait for that."""
    if process.stdin is not None:
        process.stdin.close()
    process.wait(timeout=30)
