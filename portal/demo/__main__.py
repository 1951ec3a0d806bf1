"""`python -m portal.demo`: the portal over the demo's data; Ctrl-C ends it and its two companions.

They are a single sign-on of its own, and a process that enters what is submitted.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.resources import platform
from pipelines.settings import load_settings
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.demo.people import PEOPLE, authorise_all
from portal.demo.provider import Registration, issuer_at, start_provider, stop_provider
from portal.server import serve
from warehouse.access.authorisations import ROLES

#: Everybody's; the provider listens on this machine alone.
_PASSWORD = "demo"  # noqa: S105 — no secret
#: Seconds that a run under way is waited for at the end.
_PATIENCE = 60


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument("--provider-port", type=int, default=8301)
    options = parser.parse_args()
    url = f"http://127.0.0.1:{options.port}"
    client = Registration(
        url, "attendance-portal", secrets.token_urlsafe(32), {one.account: one.name for one in PEOPLE}, _PASSWORD
    )
    given = load_settings()
    settings = PortalSettings.model_validate(
        given.portal.model_dump()
        | {
            "url": url,
            "oidc_issuer": issuer_at(options.provider_port),
            "oidc_client_id": client.client_id,
            "oidc_client_secret": client.client_secret,
        }
    )
    opened = platform(given, actor="portal")
    try:
        authorise_all(opened)
        with tempfile.TemporaryDirectory() as folder:
            provider = start_provider(Path(folder), options.provider_port, client)
            try:
                with _entering():
                    sys.stderr.write(_welcome(url))
                    serve(create_app(opened, settings), settings, port=options.port)
            finally:
                stop_provider(provider)
    finally:
        opened.engine.dispose()


@contextmanager
def _entering() -> Iterator[None]:
    """Have what is submitted entered, until the block ends; a run under way is waited for."""
    # In a session of its own: Ctrl-C is for whoever started it, who ends it then.
    command = [sys.executable, "-m", "portal.demo.entering"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 — ourselves
    try:
        yield
    finally:
        assert process.stdin is not None  # noqa: S101 — a pipe, as asked for
        process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()  # what it leaves undone, the next one takes up from the ledger
            process.wait()


def _welcome(url: str) -> str:
    lines = [f"入口網 the portal: {url}   密碼 password: {_PASSWORD}"]
    for one in PEOPLE:
        role = ROLES[one.role] if one.role else "尚未授權 not authorised"
        lines.append(f"  {one.account:<10} {one.name}  {role}  {one.agency_name or ''}".rstrip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
