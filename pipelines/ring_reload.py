"""Reading landing's keyring anew, in a form that may go to a worker process without taking the settings along."""

from pathlib import Path

from warehouse.sealed import Keyring


def reload_ring(file: Path) -> Keyring:
    """The keyring in the file as it is now; raises as `pipelines.landing_keys.landing_ring` does."""
    from pipelines.landing_keys import read_ring  # noqa: PLC0415  (a worker hardly ever needs it, and it imports much)

    return read_ring(file)
