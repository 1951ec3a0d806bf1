"""Landing keeps every byte, whatever is cut off, and never rewrites one."""

import errno
import hashlib
import os
import pickle
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.landing import Landed, Landing, LandingDamaged, LandingFull, NotLanded, TooLarge
from warehouse.sealed import Keyring

ROOT = Path(__file__).parents[2]
DOCUMENT = b'{"format_version": "1.0"}'
ID = hashlib.sha256(DOCUMENT).hexdigest()


RING = Keyring("0a0b0c0d", {"0a0b0c0d": b"k" * 32})


@pytest.fixture(params=["folder", "object store"])
def landing(request: pytest.FixtureRequest, tmp_path: Path) -> Landing:
    """An empty landing, once in a folder and once on an object store."""
    if request.param == "folder":
        return Landing(tmp_path / "landing", RING)
    return Landing(request.getfixturevalue("object_store").files("landing"), RING)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def on_disk(root: Path) -> Landing:
    return Landing(root, RING)


def _files(landing: Landing) -> list[str]:
    """What lies there under any name, finished or not."""
    kept = [one.name.rpartition("/")[2] for one in landing.files.listed()]
    return sorted([*kept, *(Path(one.place).name for one in landing.leftovers())])


def _lies_at(id_: str) -> str:
    return f"{id_[:2]}/{id_}"


def test_document_is_kept_under_its_hash(landing):
    assert landing.put(DOCUMENT) == Landed(ID, len(DOCUMENT))
    assert landing.read(ID) == DOCUMENT
    assert b"".join(landing.pieces(ID)) == DOCUMENT
    landing.verify(ID)
    assert landing.size(ID) == len(DOCUMENT)
    assert abs(landing.landed_at(ID) - datetime.now(UTC)) < timedelta(minutes=1)
    assert _files(landing) == [ID]


def test_only_its_owner_reads_what_is_on_a_disk(on_disk, root):
    on_disk.put(DOCUMENT)
    path = root / ID[:2] / ID
    assert stat.S_IMODE(path.stat().st_mode) & 0o333 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o007 == 0


@pytest.mark.parametrize("document", [b"", b"\0" * 100_000])
def test_any_bytes_are_a_document(landing, document):
    assert landing.read(landing.put(document).id) == document


def test_what_is_there_is_not_written_again(landing):
    landing.put(DOCUMENT)
    before = landing.files.read(_lies_at(ID))
    landing.put(DOCUMENT)
    landing.put_stream([DOCUMENT], 1000)
    landing.put_many([DOCUMENT, DOCUMENT])
    assert landing.files.read(_lies_at(ID)) == before  # sealed anew, it would be other bytes
    assert _files(landing) == [ID]


def test_stream_up_to_its_limit(landing):
    pieces = [DOCUMENT[:10], b"", DOCUMENT[10:]]
    assert landing.put_stream(pieces, len(DOCUMENT)).id == ID
    assert landing.read(ID) == DOCUMENT


def test_stream_beyond_its_limit_leaves_nothing(landing):
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 100

    with pytest.raises(TooLarge, match="1,000"):
        landing.put_stream(endless(), 1000)
    assert len(taken) == 11
    assert _files(landing) == []


def test_stream_that_breaks_off_leaves_nothing(landing):
    def broken() -> Iterator[bytes]:
        yield DOCUMENT
        raise ConnectionResetError("peer went away")

    with pytest.raises(ConnectionResetError):
        landing.put_stream(broken(), 1000)
    assert _files(landing) == []


def test_many_are_kept_in_their_order(landing):
    documents = [f"document {number % 450}".encode() for number in range(500)]
    landed = landing.put_many(iter(documents))
    assert landed == [Landed(hashlib.sha256(one).hexdigest(), len(one)) for one in documents]
    assert list(landing.ids()) == sorted({one.id for one in landed})
    for one in landed:
        landing.verify(one.id)


def test_where_there_are_no_links_documents_are_renamed(on_disk, monkeypatch):
    def refused(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    assert on_disk.put_many([DOCUMENT, b"other", DOCUMENT])[0].id == ID
    assert on_disk.read(ID) == DOCUMENT
    assert on_disk.leftovers() == []


def test_two_who_bring_a_document_at_once_under_two_keys(landing, monkeypatch):
    """One of them finds nothing there, and before it gives the name, the other has: what the other wrote stays."""
    other = Landing(landing.files, Keyring("0f0e0d0c", {"0f0e0d0c": b"n" * 32, **RING.keys}))
    is_kept = landing._is_kept
    asked: list[Landed] = []

    def other_comes_first(landed: Landed) -> bool:
        asked.append(landed)
        return is_kept(landed) if len(asked) > 1 else not other.put(DOCUMENT)

    monkeypatch.setattr(landing, "_is_kept", other_comes_first)
    assert landing.put(DOCUMENT).id == ID
    assert landing.key_id(ID) == "0f0e0d0c"
    assert other.read(ID) == DOCUMENT


def test_put_under_another_key_while_it_is_read(landing):
    document = os.urandom(3_000_000)
    id_ = landing.put(document).id
    newer = Landing(landing.files, Keyring("0f0e0d0c", {"0f0e0d0c": b"n" * 32, **RING.keys}))
    reader = Landing(landing.files, newer.ring)
    pieces, first = reader.pieces, []

    def interrupted(wanted: str) -> Iterator[bytes]:
        for piece in pieces(wanted):
            if not first:
                first.append(newer.reseal(wanted))
            yield piece

    reader.pieces = interrupted
    assert reader.read(id_) == document
    assert first == [True]
    assert newer.key_id(id_) == "0f0e0d0c"


def test_when_a_document_came_outlives_its_key(landing):
    landing.put(DOCUMENT)
    came = landing.landed_at(ID)
    time.sleep(1.1)  # object stores tell whole seconds
    assert Landing(landing.files, Keyring("0f0e0d0c", {"0f0e0d0c": b"n" * 32, **RING.keys})).reseal(ID)
    assert landing.landed_at(ID) == came


def test_a_landing_is_taken_along_into_another_process(landing):
    id_ = landing.put(DOCUMENT).id
    assert pickle.loads(pickle.dumps(landing)).read(id_) == DOCUMENT


def test_many_are_taken_no_faster_than_they_are_written(landing, monkeypatch):
    written, ahead = [], []
    keep = landing._keep
    monkeypatch.setattr(landing, "_keep", lambda data: (keep(data), written.append(1))[0])

    def documents() -> Iterator[bytes]:
        for number in range(200):
            ahead.append(number - len(written))
            yield b"%d" % number

    landing.put_many(documents())
    assert max(ahead) < 30


def test_many_that_break_off_leave_only_whole_documents(landing):
    def documents() -> Iterator[bytes]:
        for number in range(20):
            yield b"%d" % number
        raise ConnectionResetError("peer went away")

    with pytest.raises(ConnectionResetError):
        landing.put_many(documents())
    for id_ in landing.ids():
        landing.verify(id_)
    assert landing.leftovers() == []


def test_no_documents_are_no_work(landing):
    assert landing.put_many([]) == []
    assert list(landing.ids()) == []
    assert landing.leftovers() == []


def test_what_is_not_there(landing):
    landing.put(DOCUMENT)
    for id_ in ("0" * 64, "../" * 5 + "etc/passwd", "", ID.upper(), ID + "\n", f"{ID[:2]}/{ID}"):
        for ask in (
            landing.read,
            lambda id_: list(landing.pieces(id_)),
            landing.verify,
            landing.size,
            landing.landed_at,
        ):
            with pytest.raises(NotLanded):
                ask(id_)


def _damage(landing: Landing, data: bytes) -> None:
    landing.files.put(_lies_at(ID), data)


def test_damage_is_found_when_read(landing):
    landing.put(DOCUMENT)
    _damage(landing, DOCUMENT.replace(b"1.0", b"1.1"))
    for ask in (landing.read, landing.verify):
        with pytest.raises(LandingDamaged, match=ID):
            ask(ID)


@pytest.mark.parametrize("put", ["put", "put_stream", "put_many"])
def test_damage_is_found_by_size_and_never_written_over(landing, put):
    landing.put(DOCUMENT)
    _damage(landing, DOCUMENT[:-1])
    calls = {
        "put": lambda: landing.put(DOCUMENT),
        "put_stream": lambda: landing.put_stream([DOCUMENT], 1000),
        "put_many": lambda: landing.put_many([b"other", DOCUMENT]),
    }
    with pytest.raises(LandingDamaged, match=f"{len(DOCUMENT) - 1} bytes instead of {len(DOCUMENT)}"):
        calls[put]()
    assert landing.files.read(_lies_at(ID)) == DOCUMENT[:-1]
    assert landing.leftovers() == []


def test_foreign_files_are_no_documents(landing):
    landing.put(DOCUMENT)
    for name in (f"{ID[:2]}/.nfs0001", "lost+found/x", f"00/{ID}", ID):
        landing.files.put(name, b"")
    assert list(landing.ids()) == [ID]


def test_many_threads_bring_the_same_document(landing):
    barrier = threading.Barrier(8)

    def bring(_: int) -> Landed:
        barrier.wait()
        return landing.put(DOCUMENT)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(bring, range(8))) == {Landed(ID, len(DOCUMENT))}
    assert _files(landing) == [ID]
    landing.verify(ID)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; test_no_room_by_quota covers the rest")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_no_room_on_the_disk(small_disk):
    landing = Landing(small_disk / "landing")
    kept = landing.put(b"k" * 500_000)
    for put in (landing.put, lambda data: landing.put_stream([data], 10**9), lambda data: landing.put_many([data])):
        with pytest.raises(LandingFull, match="no room in landing") as error:
            put(b"x" * 700_000)
        assert error.value.errno == errno.ENOSPC
        assert _files(landing) == [kept.id]
    landing.verify(kept.id)
    landing.put(b"x" * 100_000)  # what fits still goes in


def test_no_room_in_the_middle_of_many(small_disk):
    landing = Landing(small_disk / "landing")
    documents = [bytes([number]) * 100_000 for number in range(40)]
    with pytest.raises(LandingFull):
        landing.put_many(documents)
    assert landing.leftovers() == []
    whole = set(landing.ids())
    assert 0 < len(whole) < 11
    assert whole <= {hashlib.sha256(one).hexdigest() for one in documents}
    for id_ in whole:
        landing.verify(id_)


_QUOTA = """
import resource, sys
from pathlib import Path
from warehouse.sealed import Keyring
from warehouse.landing import *
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
landing = Landing(Path(sys.argv[1]))
for put in (landing.put, lambda data: landing.put_stream([data], 10**9), lambda data: landing.put_many([data])):
    try:
        put(b"x" * 200_000)
    except LandingFull as error:
        print(error.errno)
landing.put(b"x" * 50_000)
"""


def test_no_room_by_quota(on_disk, root):
    ran = subprocess.run([sys.executable, "-c", _QUOTA, root], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(errno.EFBIG)] * 3
    assert _files(on_disk) == [hashlib.sha256(b"x" * 50_000).hexdigest()]


_KILLED_IN_A_STREAM = """
import sys, time
from pathlib import Path
from warehouse.sealed import Keyring
from warehouse.landing import Landing
def chunks():
    yield b"first half "
    print("half", flush=True)
    time.sleep(60)
Landing(Path(sys.argv[1])).put_stream(chunks(), 1000)
"""


def test_killed_in_the_middle_of_a_document(on_disk, root):
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED_IN_A_STREAM, root], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "half\n"
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    assert list(on_disk.ids()) == []
    assert [Path(one.place).read_bytes() for one in on_disk.leftovers()] == [b"first half "]
    assert on_disk.put(b"first half second half").id in set(on_disk.ids())
    assert on_disk.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0  # it may be somebody's who is still writing
    assert on_disk.sweep(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert on_disk.leftovers() == []


_KILLED_AMONG_MANY = """
import sys
from pathlib import Path
from warehouse.sealed import Keyring
from warehouse.landing import Landing
def documents():
    number = 0
    while True:
        if number == 50:
            print("fifty", flush=True)
        yield b"%d" % number * 10_000
        number += 1
Landing(Path(sys.argv[1])).put_many(documents())
"""


def test_killed_among_many_documents(on_disk, root):
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED_AMONG_MANY, root], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "fifty\n"
    process.kill()
    process.wait()
    process.stdout.close()
    ids = list(on_disk.ids())
    assert len(ids) > 20
    for id_ in ids:
        on_disk.verify(id_)  # whatever has a name is whole


def test_document_is_on_the_disk_before_it_has_its_name(on_disk, monkeypatch):
    """The order fsync of the file, its name, fsync of the folder is what survives a power cut."""
    done = []
    real_sync, real_link = os.fsync, os.link

    def sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_sync(descriptor)

    def link(path: Path, target: Path) -> None:
        done.append("name")
        real_link(path, target)

    on_disk.put(b"makes the folders")
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "link", link)
    on_disk.put(DOCUMENT)
    assert [step for step in done if step != "folder"] == ["file", "name"]
    assert done[-1] == "folder"
    done.clear()
    on_disk.put_many([b"a", b"b"])
    assert done.count("file") == done.count("name") == 2
    assert done[-2:] == ["folder", "folder"]
