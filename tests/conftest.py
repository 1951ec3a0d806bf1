"""Fixtures that tests of every package may use; each kind has its own module in `tests/support`."""

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.ledger",
    "tests.support.cli",
    "tests.support.object_store",
    "tests.support.mail_server",
    "tests.support.redis",
]
