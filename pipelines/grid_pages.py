"""The partition page of half a million agency-months in seconds: what Dagster's web server does needlessly, left out.

The web server loads nothing of a code location but the event log that `dagster.yaml` names; so both storages of
`pipelines/event_log.py` take this up, and removing their section goes back to Dagster's own.  Measured over 498,000
marks (docs/dagster.md): the page's answer took twice as long, and every look at the asset a second and more.
"""

from collections.abc import Iterable, Sequence

import dagster as dg
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.definitions.partitions.utils.multi import MULTIPARTITION_KEY_DELIMITER, PartitionDimensionKey
from dagster._core.loader import LoadingContext
from dagster._core.storage.event_log.base import AssetRecord, EventLogStorage
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue, get_last_planned_storage_id

_read_key = dg.MultiPartitionsDefinition.get_partition_key_from_str


def read_key_at_once(self: dg.MultiPartitionsDefinition, partition_key_str: str) -> dg.MultiPartitionKey:
    """The key that `MultiPartitionsDefinition.get_partition_key_from_str` makes, in a third of the time.

    A key is checked there four times over, and the page makes one of each partition.  Whatever is not simply two texts
    goes the old way, and raises there what it raised before.
    """
    texts = partition_key_str.split(MULTIPARTITION_KEY_DELIMITER) if type(partition_key_str) is str else ()
    names = [dimension.name for dimension in self.partitions_defs]  # in their order: Dagster sorts them by name
    if len(texts) != len(names):
        return _read_key(self, partition_key_str)
    key = str.__new__(dg.MultiPartitionKey, partition_key_str)
    key.dimension_keys = [tuple.__new__(PartitionDimensionKey, pair) for pair in zip(names, texts, strict=True)]
    return key


dg.MultiPartitionsDefinition.get_partition_key_from_str = read_key_at_once  # type: ignore[method-assign]


class StatusAsKept(EventLogStorage):
    """An event log that gives the kept state of an asset's partitions as it is, where nothing has happened since.

    Dagster reads the list of all, sorts and writes it, to find that it is the same.
    """

    def get_asset_status_cache_values(
        self,
        partitions_defs_by_key: Iterable[tuple[dg.AssetKey, dg.PartitionsDefinition | None]],
        context: LoadingContext,
    ) -> Sequence[AssetStatusCacheValue | None]:
        """Give the state of each asset's partitions, in order."""
        wanted = list(partitions_defs_by_key)
        kept = [self._kept(*one, context) for one in wanted]
        others = [one for one, status in zip(wanted, kept, strict=True) if status is None]
        reckoned = iter(super().get_asset_status_cache_values(others, context))
        return [next(reckoned) if status is None else status for status in kept]

    def _kept(
        self, asset: dg.AssetKey, partitions: dg.PartitionsDefinition | None, context: LoadingContext
    ) -> AssetStatusCacheValue | None:
        record = AssetRecord.blocking_get(context, asset)
        kept = record.asset_entry.cached_status if record else None
        if record is None or kept is None or partitions is None or kept.earliest_in_progress_materialization_event_id:
            return None
        planned = get_last_planned_storage_id(self._instance, asset, record)
        newest = max(record.asset_entry.last_materialization_storage_id or 0, planned)
        with partition_loading_context(None, getattr(context, "dynamic_partitions_loader", self._instance)):
            same = kept.partitions_def_id == partitions.get_serializable_unique_identifier()
        return kept if same and kept.latest_storage_id == newest else None
