"""Fixtures that tests of every package may use; each kind has its own module in `tests/support`."""

import signal

import pytest
from hypothesis import settings

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

# A machine that is busy with other things is slow for once: no test is about that.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

#: Modules of tests that wait for daemons more than they work, the longest first.
WAITING = ("test_many_machines.py", "test_faults.py", "test_backfill.py", "test_alerts.py", "test_log.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the waiting done first, some of it by each worker, beside the others' work: at the end it would be alone.

    `--dist worksteal` begins by giving each worker as many of the tests as any other, in their order.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    waiting = [[item for item in items if item.path.name == name] for name in WAITING]
    first = [[item for module in waiting[worker::workers] for item in module] for worker in range(workers)]
    rest = [item for item in items if item.path.name not in WAITING]
    total, order = len(items), list[pytest.Item]()
    for worker, own in enumerate(first):
        share = (total - len(order)) // (workers - worker) - len(own)
        order += [*own, *rest[: max(share, 0)]]
        del rest[: max(share, 0)]
    items[:] = [*order, *rest]
