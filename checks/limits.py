"""What one document may hold at most, and from which month collection began: settings, not rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the format check (F009) and the first month collected (F012)."""

    #: Bytes of one document.
    max_bytes: int = 128 * 1024 * 1024
    #: Objects and arrays inside one another; a valid document needs three.
    max_depth: int = 16
    #: Records in one array.
    max_records: int = 2_000_000
    #: `YYYY-MM`; earlier months are not collected.
    collection_began: str = "2021-01"
