"""Publishing: building `warehouse.duckdb` and the reading copies it shows, beside what readers have open."""

from warehouse.publish.lock import PublishingBusy
from warehouse.publish.partitions import StoreIncomplete
from warehouse.publish.publisher import Published, publish

__all__ = ["Published", "PublishingBusy", "StoreIncomplete", "publish"]
