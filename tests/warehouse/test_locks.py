"""One at a time: among the threads and processes of a machine, and among machines that share a ledger on PostgreSQL."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.postgres import PostgresServer
from warehouse.home import Home
from warehouse.ledger.engine import open_ledger
from warehouse.locks import exclusive_everywhere
from warehouse.publish.lock import PublishingBusy, publishing_alone, rebuilding_alone

HOLDER = """
import sys
from pathlib import Path
from warehouse.home import Home
from warehouse.ledger.engine import open_ledger
from warehouse.publish.lock import publishing_alone
home = Home(Path(sys.argv[1]), sys.argv[2]).create()
with publishing_alone(home, open_ledger(home.ledger_url), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def here(tmp_path: Path, new_postgresql_database) -> Home:
    """A machine of a team."""
    return Home(tmp_path / "here", new_postgresql_database()).create()


@pytest.fixture
def there(tmp_path: Path, here: Home) -> Home:
    """Another machine of the same team: another folder, the same ledger."""
    return Home(tmp_path / "there", here.ledger_url).create()


def test_of_two_in_one_place_the_second_is_told_who_is_first(ledger, tmp_path):
    with (
        exclusive_everywhere(ledger, "publishing", tmp_path / "lock", 0, PublishingBusy),
        pytest.raises(PublishingBusy, match=f"pid {os.getpid()} on "),
        exclusive_everywhere(ledger, "publishing", tmp_path / "lock", 0.3, PublishingBusy),
    ):
        pass
    with exclusive_everywhere(ledger, "publishing", tmp_path / "lock", 0, PublishingBusy):
        pass


def test_of_two_machines_the_second_waits_until_the_first_has_ended(here, there):
    first, second = open_ledger(here.ledger_url), open_ledger(there.ledger_url)
    got = threading.Event()

    def wait() -> None:
        with publishing_alone(there, second, 30):
            got.set()

    waiting = threading.Thread(target=wait)
    with publishing_alone(here, first, 0):
        with pytest.raises(PublishingBusy, match=f"attendance pid {os.getpid()}"), publishing_alone(there, second, 0):
            pass
        with rebuilding_alone(there, second, 0):  # another lock
            pass
        waiting.start()
        assert not got.wait(0.5)
    assert got.wait(10)
    waiting.join()
    first.dispose()
    second.dispose()


def test_a_holder_that_is_killed_holds_nothing(here, there):
    engine = open_ledger(there.ledger_url)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(here.root), here.ledger_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(PublishingBusy, match=f"pid {holder.pid} "), publishing_alone(there, engine, 0):
            pass
        holder.kill()
    with publishing_alone(there, engine, 20):
        pass
    engine.dispose()


def test_a_lock_leaves_no_connection_behind(here):
    engine = open_ledger(here.ledger_url)
    for _ in range(20):  # more than the pool has
        with publishing_alone(here, engine, 0):
            pass
    with engine.connect() as connection:
        held = connection.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
    assert held == 0
    engine.dispose()


def test_a_ledger_that_goes_away_lets_go_of_the_lock(here, there, postgresql_server: PostgresServer):
    """Whoever is cut off goes on alone; the next one gets the lock, and the block's own end says nothing of it."""
    first, second = open_ledger(here.ledger_url), open_ledger(there.ledger_url)
    with publishing_alone(here, first, 0):
        with second.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        with publishing_alone(there, second, 10):
            pass
    first.dispose()
    second.dispose()
