"""Fixtures that tests of every package may use; each kind has its own module in `tests/support`."""

import signal

import pytest

# However the tests were started: in the background a script has them ignore SIGINT, which Dagster passes on to SIGTERM,
# and what the tests start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.ledger",
    "tests.support.cli",
    "tests.support.object_store",
    "tests.support.mail_server",
    "tests.support.redis",
]

#: Tests of daemons, which wait more than they work.
WAITING = ("test_many_machines.py", "test_backfill.py", "test_alerts.py", "test_log.py", "test_faults.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the waiting done first, beside the other workers' work: at the end one worker would be alone with it."""
    items.sort(key=lambda item: item.path.name not in WAITING)
