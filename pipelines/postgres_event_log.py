"""Dagster's event log on PostgreSQL, with the partition page as quick as on SQLite."""

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.utils import pg_url_from_config

from pipelines.grid_pages import StatusAsKept


class GridPostgresEventLog(StatusAsKept, PostgresEventLogStorage):
    """`PostgresEventLogStorage` for a grid of half a million partitions; the tables are Dagster's own."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "GridPostgresEventLog":
        """Make the storage from that section."""
        return cls(
            postgres_url=pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
        )
