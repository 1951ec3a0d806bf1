"""What was published reaches other machines: by the object store, whole, and never an older over a newer edition."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.faulty_way import faulty_way
from tests.support.object_store import settings_of
from tests.support.world import World
from warehouse.files import ObjectStore
from warehouse.home import Home
from warehouse.publish.database import open_warehouse
from warehouse.publish.editions import PublishedMeanwhile, hand_out, newest, shared, take_up
from warehouse.publish.fetching import EditionLost, NothingToFetch, fetch
from warehouse.publish.manifest import NAME, Manifest
from warehouse.publish.publisher import publish

NOW = datetime(2021, 4, 1, tzinfo=UTC)
GRACE = timedelta(hours=24)


class SharedWorld(World):
    """A world whose published files go to an object store; its store is written into the cache by hand."""

    def __init__(self, root: Path, objects: ObjectStore, ledger_url: str = "") -> None:
        super().__init__(root, ledger_url)
        self.home = Home(root, self.home.ledger_url, objects).create()

    def publish(self, *months: str, now: datetime = NOW) -> None:
        publish(self.home, self.engine, months or None, now=now, grace=GRACE)


@pytest.fixture
def world(tmp_path: Path, object_store: ObjectStore) -> SharedWorld:
    """Two months of one agency."""
    made = SharedWorld(tmp_path / "publisher", object_store)
    made.agency("376500000A")
    made.enter("376500000A", "2021-01", "2021-02-10 09:00", people=[1, 2], leaves=[(1, "03", 8.0)])
    made.enter("376500000A", "2021-02", "2021-03-10 09:00", people=[1, 2, 3])
    return made


@pytest.fixture
def reader(tmp_path: Path, object_store: ObjectStore) -> Home:
    """A machine that knows the object store and nothing else."""
    return Home(tmp_path / "reader", "", object_store).create()


def people(home: Home) -> list[tuple[str, int]]:
    with open_warehouse(home.warehouse) as connection:
        return connection.execute("SELECT month, count(*) FROM core.employees GROUP BY ALL ORDER BY ALL").fetchall()


def everything(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Table → rows, its views' comments among them."""
    with open_warehouse(home.warehouse) as connection:
        tables = connection.execute(
            "SELECT table_schema || '.' || table_name, TABLE_COMMENT FROM information_schema.tables "
            "WHERE table_schema IN ('core', 'reports') ORDER BY ALL"
        ).fetchall()
        return {name: [(said,), *connection.execute(f"FROM {name} ORDER BY ALL").fetchall()] for name, said in tables}


def fetched(home: Home, now: datetime = NOW):
    assert home.objects is not None
    return fetch(home, home.objects, now, GRACE)


def on_objects(home: Home) -> set[str]:
    return {one.name for one in shared(home.objects).listed()}


def test_another_machine_reads_what_was_published(world, reader):
    with pytest.raises(NothingToFetch, match="attendance run"):
        fetched(reader)
    world.publish()
    came = fetched(reader)
    assert came.newer
    assert came.copies == len(list(world.home.published.glob("*/*=*/*.parquet")))
    assert everything(reader) == everything(world.home)
    assert len(everything(reader)["core.employees"]) == 5 + 1
    assert everything(reader)["core.employees"][0] != (None,)
    world.home.published.rename(world.home.root / "gone")  # the reader's views are over its own copies
    assert people(reader) == [("2021-01", 2), ("2021-02", 3)]
    assert not fetched(reader).newer


def test_only_what_has_changed_comes_again(world, reader):
    world.publish()
    fetched(reader)
    world.enter("376500000A", "2021-02", "2021-03-11 09:00", people=[1])
    world.publish("2021-02")
    came = fetched(reader)
    assert 0 < came.copies < len({copy.file for copy in Manifest.load(reader.published).all()})
    assert people(reader) == [("2021-01", 2), ("2021-02", 1)]


def test_replaced_copies_stay_for_a_while_here_and_there(world, reader):
    world.publish()
    fetched(reader)
    before, local = on_objects(reader), set(reader.published.glob("*/*=*/*.parquet"))
    world.enter("376500000A", "2021-02", "2021-03-11 09:00", people=[1])
    world.publish("2021-02")
    with open_warehouse(reader.warehouse) as still_open:
        fetched(reader)
        assert still_open.execute("SELECT count(*) FROM core.employees").fetchone() == (5,)
    assert before < on_objects(reader)
    assert local < set(reader.published.glob("*/*=*/*.parquet"))
    later = NOW + 2 * GRACE + timedelta(minutes=1)
    world.publish("2021-02", now=later)
    world.enter("376500000A", "2021-02", "2021-03-12 09:00", people=[1, 2])
    world.publish("2021-02", now=later)
    fetched(reader, later)
    edition = newest(shared(reader.objects))
    assert edition is not None
    assert not before & on_objects(reader) - edition.files - {NAME, *edition.content["retired"]}
    gone = {path for path in local if not path.exists()}
    assert gone
    assert people(reader) == [("2021-01", 2), ("2021-02", 2)]


def test_a_publisher_on_another_machine_goes_on_from_the_newest_edition(world, reader, tmp_path):
    world.publish()
    there = SharedWorld(tmp_path / "another", world.home.objects, world.home.ledger_url)
    for path in world.home.store.rglob("*.parquet"):
        target = there.home.store / path.relative_to(world.home.store)
        target.parent.mkdir(parents=True)
        target.write_bytes(path.read_bytes())
    there.enter("376500000A", "2021-02", "2021-03-11 09:00", people=[7])
    there.publish("2021-02")
    january = {copy.file for copy in Manifest.load(world.home.published).of("employees", "2021-01")}
    assert january == {copy.file for copy in Manifest.load(there.home.published).of("employees", "2021-01")}
    fetched(reader)
    assert people(reader) == [("2021-01", 2), ("2021-02", 1)]
    fetched(world.home)  # the first publisher, as a reader
    assert people(world.home) == people(reader)


def test_a_publisher_that_lost_its_lock_replaces_nothing(world, reader):
    world.publish()
    began = take_up(world.home, NOW)
    older = began.manifest(world.home.published)
    world.enter("376500000A", "2021-02", "2021-03-11 09:00", people=[1])
    world.publish("2021-02")
    with pytest.raises(PublishedMeanwhile, match="publish again"):
        hand_out(world.home, older, began, NOW, GRACE)
    with pytest.raises(PublishedMeanwhile):
        hand_out(world.home, older, None, NOW, GRACE)
    fetched(reader)
    assert people(reader) == [("2021-01", 2), ("2021-02", 1)]


@pytest.mark.parametrize("fault", ["busy", "lost", "cut"])
def test_an_object_store_that_stumbles_is_asked_again(world, reader, fault):
    world.publish()
    with faulty_way(world.home.objects.endpoint) as way:
        through = ObjectStore(world.home.objects.url, way.endpoint, "us-east-1")
        home = Home(world.home.root, world.home.ledger_url, through)
        world.enter("376500000A", "2021-02", "2021-03-11 09:00", people=[1])
        # Whichever request it is that the fault meets, the manifest's own among them.
        way.faults.extend([None, fault] * 15)
        publish(home, world.engine, ["2021-02"], now=NOW, grace=GRACE)
        assert f"PUT {fault}" in way.requests
        way.faults.clear()
        way.faults.extend([fault, None] * 15)
        fetched(Home(reader.root, "", through))
        assert f"GET {fault}" in way.requests
    assert people(reader) == [("2021-01", 2), ("2021-02", 1)]


def test_the_answer_to_the_manifest_may_be_lost(world):
    """The store took it, and refuses the second try as somebody else's: it is looked whose work is there."""
    world.publish()
    files = shared(world.home.objects)
    data, version = files.read_version(NAME)
    with faulty_way(world.home.objects.endpoint) as way:
        through = shared(ObjectStore(world.home.objects.url, way.endpoint, "us-east-1"))
        way.faults.append("lost")
        assert through.replace(NAME, data + b"\n", version)
        assert way.requests[:2] == ["PUT lost", "PUT"]
    assert not files.replace(NAME, b"another", version)
    assert not files.replace(NAME, b"another", None)
    assert not files.replace("none.json", b"another", version)
    assert files.read(NAME) == data + b"\n"


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_what_the_object_store_has_lost_is_said_and_published_again(world, reader, damage):
    world.publish()
    files = shared(world.home.objects)
    edition = newest(files)
    if damage == "gone":
        (copy,) = Manifest.load(world.home.published).of("employees", "2021-01")
        files.remove(copy.file)
    else:
        files.put(edition.warehouse, files.read(edition.warehouse)[:-1] + b"!")
    with pytest.raises(EditionLost, match="publish again"):
        fetched(reader)
    assert not reader.warehouse.exists()
    world.publish()
    fetched(reader)
    assert people(reader) == [("2021-01", 2), ("2021-02", 3)]


def test_fetching_while_a_publisher_swaps_gives_one_edition_or_the_next(world, reader, object_store):
    """A process fetches and reads without pause; each warehouse that it sees is one that was published."""
    world.publish()
    loop = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from warehouse.files import ObjectStore
from warehouse.home import Home
from warehouse.publish.database import open_warehouse
from warehouse.publish.fetching import fetch
home = Home(Path(sys.argv[1]), "", ObjectStore(sys.argv[2], sys.argv[3], "us-east-1"))
print("ready", flush=True)
while not Path(sys.argv[4]).exists():
    fetch(home, home.objects, datetime.now(UTC), timedelta(0))
    with open_warehouse(home.warehouse) as warehouse:
        print(warehouse.execute(
            "SELECT (SELECT count(*) FROM core.employees WHERE month = '2021-02'), "
            "(SELECT sum(headcount) FROM reports.monthly_counts WHERE month = '2021-02' AND dataset = 'employees')"
        ).fetchone(), flush=True)
"""
    stop = reader.root / "stop"
    arguments = [str(reader.root), object_store.url, str(object_store.endpoint), str(stop)]
    with subprocess.Popen([sys.executable, "-c", loop, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for number in range(1, 5):
            world.enter("376500000A", "2021-02", f"2021-03-11 09:{number:02}", people=range(number))
            publish(world.home, world.engine, ["2021-02"], now=NOW, grace=timedelta(0))
        fetched(reader)
        stop.touch()
        seen = {line.strip() for line in process.stdout}
    assert process.returncode == 0
    assert len(seen) > 1
    assert seen <= {f"({number}, Decimal('{number}'))" for number in range(1, 5)} | {f"({n}, {n})" for n in range(1, 5)}


def test_two_fetches_at_once_on_a_machine_are_one(world, reader):
    world.publish()
    came: list[bool] = []
    threads = [threading.Thread(target=lambda: came.append(fetched(reader).newer)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [False, False, False, True]


def test_the_command_needs_no_ledger_and_no_key(world, reader, monkeypatch, attendance, object_store):
    world.publish()
    for name in ("objects_url", "objects_endpoint", "objects_region"):
        monkeypatch.setenv(f"ATTENDANCE_{name.upper()}", settings_of(object_store)[name])
    monkeypatch.setenv("ATTENDANCE_HOME", str(reader.root))
    monkeypatch.setenv("ATTENDANCE_LEDGER_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert "已取得 fetched" in attendance("fetch").out
    assert "nothing newer" in attendance("fetch").out
    assert people(reader) == [("2021-01", 2), ("2021-02", 3)]
    with duckdb.connect(str(reader.warehouse), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM core.agencies").fetchone() == (1,)
