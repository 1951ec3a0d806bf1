"""What every stage works with: the installation's places, its ledger, its key, its clock.

One object, handed to the stages by Dagster as the resource `platform` and by the command line as it is; it holds no
state of its own.  It is built from the settings in `pipelines/resources.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from assets.channels.protocol import Channel
from assets.notices.config import NoticeConfig
from checks.limits import Limits
from warehouse.deadlines import TAIPEI
from warehouse.home import GRACE, Home
from warehouse.landing import Landed, Landing

if TYPE_CHECKING:
    from checks.limit_tables import LimitTables


@dataclass(frozen=True)
class PullLimits:
    """Of a pull: the share of a channel's agencies that may fail before the channel counts as down, and its seconds."""

    failed_share: float = 0.2
    seconds: float = 18_000.0


@dataclass(frozen=True)
class Platform:
    """`sources` is the file `sources.toml`, `inbox` a folder or fsspec URL, `actor` who is named in the ledger.

    `first_month` is the first that agencies owe (None: the first in which anything was entered), `grace` how long a
    reader may keep a replaced warehouse open, `workers` how many processes check a large month (None: one a core),
    `notices` how people are told, `pull_limits` what a pull may cost, `rows_switched_on` ids of rows of the dated
    tables that are shipped off.  `person_key` and `receipt_key` give the key of
    persons (32 bytes) and that of receipts (PEM), each read, or made, when it is asked for: receiving needs landing's
    keys alone.  Both raise `SettingsError` of the pipelines.  `clock` gives an aware moment; every stage asks it
    instead of the system, so that a month can be judged as of then.
    """

    home: Home
    engine: Engine
    landing: Landing
    sources: Path
    person_key: Callable[[], bytes] = field(repr=False)
    receipt_key: Callable[[], str] = field(repr=False)
    limits: Limits
    inbox: str = field(repr=False)
    clock: Callable[[], datetime]
    actor: str
    first_month: str | None = None
    grace: timedelta = GRACE
    workers: int | None = None
    notices: NoticeConfig = field(default_factory=NoticeConfig)
    pull_limits: PullLimits = field(default_factory=PullLimits)
    rows_switched_on: tuple[str, ...] = ()

    def channels(self) -> dict[str, Channel]:
        """The channels that are configured, by name; raises `assets.channels.config.SourcesError`."""
        from assets.channels.registry import open_channels

        return open_channels(self.sources, {"manual": {"inbox": self.inbox}})

    @property
    def limit_tables(self) -> "LimitTables":
        """Overtime limits and leave quotas as they are here; raises `checks.limit_tables.RowsRefused`."""
        from checks.limit_tables import limit_tables

        return limit_tables(self.rows_switched_on)

    @property
    def rule_set(self) -> str:
        """The version of the rules that judge here."""
        from checks.rule_set import rule_set_version

        return rule_set_version(self.limit_tables.switched_on)

    def land(self, chunks: Iterable[bytes]) -> Landed:
        """Put a stream into landing, up to the format's limit of size; raises `warehouse.landing.TooLarge`."""
        return self.landing.put_stream(chunks, self.limits.max_bytes)

    def today(self) -> date:
        """The day in Taipei."""
        return self.clock().astimezone(TAIPEI).date()
