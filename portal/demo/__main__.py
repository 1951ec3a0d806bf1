"""`python -m portal.demo`: the portal over the demo's data, with a single sign-on of its own; Ctrl-C ends both."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

import uvicorn

from pipelines.resources import platform
from pipelines.settings import load_settings
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.demo.people import PEOPLE, authorise_all
from portal.demo.provider import Registration, issuer_at, start_provider, stop_provider
from portal.server import server_config
from warehouse.access.authorisations import ROLES

#: Everybody's; the provider listens on this machine alone.
_PASSWORD = "demo"  # noqa: S105 — no secret


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
                sys.stderr.write(_welcome(url))
                app = create_app(opened, settings)
                uvicorn.Server(server_config(app, settings, port=options.port)).run()
            finally:
                stop_provider(provider)
    finally:
        opened.engine.dispose()


def _welcome(url: str) -> str:
    lines = [f"入口網 the portal: {url}   密碼 password: {_PASSWORD}"]
    for one in PEOPLE:
        role = ROLES[one.role] if one.role else "尚未授權 not authorised"
        lines.append(f"  {one.account:<10} {one.name}  {role}  {one.agency_name or ''}".rstrip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
