"""`python -m portal`: the portal of `ATTENDANCE_HOME` on this machine alone; a proxy in front of it does TLS."""

import argparse
import sys

from assets.worker_pool import default_workers
from pipelines.cli import failures
from pipelines.resources import platform
from pipelines.settings import load_settings
from portal.app import create_app
from portal.server import serve


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument(
        "--check-processes",
        type=int,
        default=default_workers(),
        help="processes that check; 0: threads (default: one a core)",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of a fault on standard error")
    options = parser.parse_args()
    try:
        _serve(options)
    except Exception as error:  # noqa: BLE001 — a database that is away, a port that is taken: one line, and its code
        sys.exit(failures.report(error, debug=options.debug))


def _serve(options: argparse.Namespace) -> None:
    settings = load_settings()
    opened = platform(settings, actor="portal")
    sys.stderr.write(f"入口網 the portal: http://{options.host}:{options.port}\n")
    try:
        app = create_app(opened, settings.portal, check_processes=options.check_processes, debug=options.debug)
        serve(app, settings.portal, host=options.host, port=options.port)
    finally:
        opened.engine.dispose()


if __name__ == "__main__":
    main()
