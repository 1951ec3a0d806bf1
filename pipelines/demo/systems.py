"""The made-up country's systems in a demo's home: where they are, and started again once the demo is over.

WebHR's databases are files and need no server; the folder of theirs tells a demo's home from others.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from assets.channels.webitr import NAME as WEBITR
from pipelines.demo.country import SUBSYSTEMS, Country
from pipelines.demo.plan import MONTHS, Round
from pipelines.demo.sources import sources_toml
from pipelines.demo.webitr_server import WebItrServer
from warehouse.home import Home
from warehouse.publish import durable


class NoDemo(RuntimeError):  # noqa: N818 — says what is the matter
    """The home is no demo's: its `sources.toml` is not to be written over."""

    def __init__(self, home: Home) -> None:
        super().__init__(
            f"{home.root} 沒有示範資料，請先執行 attendance demo there is no demo in it: run attendance demo first"
        )


def database_url(home: Home, subsystem: str) -> str:
    """The SQLAlchemy URL of a WebHR database."""
    return f"sqlite:///{home.demo / subsystem}.sqlite"


def write_sources(home: Home, country: Country, server: WebItrServer) -> None:
    """Say in `sources.toml` where all of them are now."""
    databases = {subsystem: database_url(home, subsystem.name) for subsystem in SUBSYSTEMS}
    durable.write_text(home.sources, sources_toml(country, server, databases))


@contextmanager
def started_again(home: Home) -> Iterator[WebItrServer]:
    """WebITR with all that was handed in by the end, nothing down, until the block ends.

    Raises `NoDemo`, and OSError where no port can be had or `sources.toml` cannot be written.
    """
    if not home.demo.is_dir():
        raise NoDemo(home)
    country = Country()
    with WebItrServer() as server:
        for month in MONTHS:
            for when in Round:
                server.offer(one for one in country.handed_in(month, when) if one.channel == WEBITR)
        write_sources(home, country, server)
        yield server
