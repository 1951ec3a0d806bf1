"""`attendance metrics`: the pipeline's figures for Prometheus, printed, written to a file or served."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import note, say
from pipelines.cli.failures import CannotError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("metrics", short_help="監測指標 figures for Prometheus: printed, written to a file, or served")(metrics)


def metrics(
    port: Annotated[
        int | None,
        typer.Option("--serve", min=1, max=65535, metavar="PORT", help="於此埠提供 /metrics serve it on a port"),
    ] = None,
    address: Annotated[str, typer.Option("--address", help="--serve 監聽之位址 where --serve listens")] = "127.0.0.1",
    textfile: Annotated[
        Path | None,
        typer.Option("--textfile", metavar="FILE.prom", help="寫入檔案，供 node_exporter a file for node_exporter"),
    ] = None,
) -> None:
    """監測指標：讀自帳冊、發布、Dagster、磁碟 The pipeline's figures, read from the truth whenever they are asked for.

    Without an option they are printed once.  Nothing is remembered between two runs: ledger, published files and
    Dagster's own records know it all, so that a restart loses nothing.
    """
    import dagster as dg

    from pipelines.cli.platform import opened
    from pipelines.dagster_home import prepare
    from pipelines.metrics.collector import Metrics
    from pipelines.metrics.serving import exposition, serve, write_textfile
    from pipelines.settings import load_settings

    if port is not None and textfile is not None:
        raise CannotError("--serve 與 --textfile 請擇一 choose one of --serve and --textfile")
    with opened() as platform, dg.DagsterInstance.from_config(str(prepare(load_settings()))) as instance:
        collector = Metrics(platform, instance)
        if port is not None:
            note(f"監測指標 metrics: http://{address}:{port}/metrics")
            serve(collector, address, port)
        elif textfile is not None:
            write_textfile(textfile, collector)
        else:
            say(exposition(collector).rstrip("\n"))
