"""One publisher at a time, and nobody beside it who reads and writes what publishing does; one rebuild at a time."""

from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Engine

from warehouse.home import Home
from warehouse.locks import Busy, exclusive, exclusive_everywhere


class PublishingBusy(Busy):
    """Another publisher held the lock all the time."""

    doing = "發布"
    english = "another publisher holds {path} ({holder}); gave up after {waited:g} s, try again later"


def publishing_alone(home: Home, engine: Engine, timeout: float) -> AbstractContextManager[None]:
    """Be the only one who publishes, reviews or tries rules; raises `PublishingBusy` after `timeout` seconds."""
    return exclusive_everywhere(engine, "publishing", _file(home), timeout, PublishingBusy)


def published_here_alone(home: Home, timeout: float) -> AbstractContextManager[None]:
    """Be the only one on this machine who changes the published folder; raises `PublishingBusy`."""
    return exclusive(_file(home), timeout, PublishingBusy)


def rebuilding_alone(home: Home, engine: Engine, timeout: float) -> AbstractContextManager[None]:
    """Be the only one who rebuilds; raises `PublishingBusy` after `timeout` seconds."""
    return exclusive_everywhere(engine, "rebuilding", home.root / ".rebuild.lock", timeout, PublishingBusy)


def _file(home: Home) -> Path:
    home.published.mkdir(parents=True, exist_ok=True)
    return home.published / ".lock"
