"""`attendance fetch`: what was published, from the object store onto this machine."""

from dataclasses import asdict

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, progress, say, say_json
from pipelines.cli.failures import CannotError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("fetch", short_help="取得發布的資料庫 what was published, onto this machine")(fetch)


def fetch(output: options.Format = Format.TEXT) -> None:
    """取得最新發布的資料庫 Bring warehouse.duckdb up to what was published last; needs no ledger and no key."""
    from pipelines.resources import now
    from pipelines.settings import load_settings
    from warehouse.publish.fetching import fetch as fetch_edition

    settings = load_settings()
    home = settings.place
    if home.objects is None:
        raise CannotError(
            f"未設定物件儲存，資料庫即在本機 no object store is set (ATTENDANCE_OBJECTS_URL): "
            f"{home.warehouse} is where this machine publishes"
        )
    home.published.mkdir(parents=True, exist_ok=True)
    with progress("取得 fetching"):
        fetched = fetch_edition(home, home.objects, now(), settings.grace)
    if output is Format.JSON:
        say_json(asdict(fetched) | {"warehouse": str(home.warehouse)})
    elif fetched.newer:
        say(
            f"已取得 fetched: {home.warehouse}（{fetched.copies:,} 檔 copies, {fetched.bytes / 1e6:,.1f} MB, "
            f"{fetched.seconds:.1f} s）"
        )
    else:
        say(f"已是最新 nothing newer: {home.warehouse}")
