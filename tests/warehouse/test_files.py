"""Whole objects under names, alike in a folder and on an object store; and an object store's own faults."""

import io
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli.failures import one_line
from tests.support.faulty_way import FaultyWay, faulty_way
from tests.support.object_store import READER, READER_SECRET, ObjectStoreServer
from warehouse.files import Files, ObjectReplaced, ObjectStore, ObjectStoreFailed, bucket_and_prefix
from warehouse.files_local import LocalFiles

NAME = "ab/an object"


@pytest.fixture(params=["folder", "object store"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "folder":
        return LocalFiles(tmp_path / "files")
    return request.getfixturevalue("object_store").files("files")


def names(files: Files, prefix: str = "") -> list[str]:
    return [one.name for one in files.listed(prefix)]


def test_an_object_is_there_as_it_was_put(files):
    files.put(NAME, b"hello")
    files.flush([NAME])
    assert files.read(NAME) == b"hello"
    assert files.exists(NAME)
    assert files.stat(NAME).size == 5
    assert abs(files.stat(NAME).modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert files.where(NAME) == f"{files.place}/{NAME}"
    assert files.leftovers() == []


def test_one_that_is_put_again_is_replaced(files):
    files.put(NAME, b"one")
    files.put(NAME, b"another")
    assert files.read(NAME) == b"another"


def test_one_that_must_be_new_replaces_nothing(files):
    assert files.put_new(NAME, b"one")
    assert not files.put_new(NAME, b"another")
    assert files.read(NAME) == b"one"
    assert files.leftovers() == []


def test_of_many_at_once_one_is_the_first(files):
    barrier = threading.Barrier(8)

    def bring(number: int) -> bool:
        barrier.wait()
        return files.put_new(NAME, b"%d" % number * 50_000)

    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(bring, range(8)))
    assert took.count(True) == 1
    assert files.read(NAME) == b"%d" % took.index(True) * 50_000


def test_an_object_comes_in_pieces_and_is_named_at_the_end(files):
    with files.incoming() as new:
        new.write(b"one ")
        new.write(b"two")
        assert names(files) == []
        new.keep(NAME)
    with files.incoming() as new:
        new.write(b"three")
        assert not new.keep_new(NAME)
    assert files.read(NAME) == b"one two"
    assert files.leftovers() == []


def test_what_is_not_kept_leaves_nothing(files):
    with files.incoming() as new:
        new.write(b"x" * 100)
    assert names(files) == []
    assert files.leftovers() == []


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_any_size_is_read_whole_by_pieces_and_from_its_beginning(files, size):
    data = os.urandom(size)
    files.put(NAME, data)
    assert files.read(NAME) == data
    assert files.beginning(NAME, 10) == (data[:10], size)
    with files.open(NAME) as file:
        assert b"".join(iter(lambda: file.read(700_000), b"")) == data
    with files.open(NAME) as file:
        assert file.seek(-min(size, 300), io.SEEK_END) == max(size - 300, 0)
        assert file.read() == data[-300:]
        assert file.seek(size // 2) == size // 2
        assert file.read(100) == data[size // 2 : size // 2 + 100]


def test_a_parquet_file_is_read_where_it_lies(files):
    frame = pl.DataFrame({"number": range(300_000)})
    with files.incoming() as new:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="uncompressed")
        new.write(buffer.getvalue())
        new.keep(NAME)
    with files.open(NAME) as file:
        assert pl.read_parquet(file).equals(frame)


def test_what_is_not_there(files):
    for ask in (files.read, files.open, files.stat, lambda name: files.beginning(name, 10)):
        with pytest.raises(FileNotFoundError):
            ask(NAME)
    assert not files.exists(NAME)
    files.remove(NAME)
    assert names(files) == []


def test_objects_are_listed_in_the_order_of_names(files):
    made = ["a/2/x", "a/10", "b/1", "c", "a/1/y/z"]
    for name in made:
        files.put(name, b"12")
    files.put(".mark", b"")
    assert names(files) == sorted(made)
    assert names(files, "a/") == ["a/1/y/z", "a/10", "a/2/x"]
    assert names(files, "a/1") == ["a/1/y/z", "a/10"]
    assert names(files, "none/") == []
    assert {one.size for one in files.listed()} == {2}
    files.remove("a/10")
    assert "a/10" not in names(files)


def test_more_than_a_page_is_listed(object_store):
    files = object_store.files("many")
    with ThreadPoolExecutor(files.writers) as pool:
        list(pool.map(lambda number: files.put(f"{number:04}", b""), range(1100)))
    assert names(files) == [f"{number:04}" for number in range(1100)]


def test_folders_of_a_store_do_not_meet(object_store):
    object_store.files("a").put("x", b"1")
    object_store.files("ab").put("x", b"2")
    assert names(object_store.files("a")) == ["x"]
    assert object_store.files("").read("ab/x") == b"2"


def test_a_large_object_goes_in_parts(object_store, monkeypatch):
    monkeypatch.setattr("warehouse.files_s3._ONE_PUT", 20 << 20)
    files, data = object_store.files("large"), os.urandom(45 << 20)
    files.put(NAME, data)
    assert files.read(NAME) == data
    assert files.leftovers() == []


def test_uploads_that_were_cut_off_are_leftovers(object_store, object_store_server):
    files, (bucket, prefix) = object_store.files("cut"), bucket_and_prefix(object_store.url)
    object_store_server.client().create_multipart_upload(Bucket=bucket, Key=f"{prefix}cut/{NAME}")
    assert [one.place for one in files.leftovers()] == [files.where(NAME)]
    assert files.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert files.sweep(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert files.leftovers() == []


def test_one_that_is_replaced_while_it_is_read_is_no_mixture(object_store):
    files = object_store.files("files")
    files.put(NAME, b"a" * 3_000_000)
    with files.open(NAME) as file:
        file.read(10)
        files.put(NAME, b"b" * 3_000_000)
        with pytest.raises(ObjectReplaced, match="try again"):
            file.read()


@pytest.fixture
def way(object_store_server: ObjectStoreServer) -> Iterator[FaultyWay]:
    with faulty_way(object_store_server.endpoint) as opened:
        yield opened


@pytest.fixture
def over_it(object_store: ObjectStore, way: FaultyWay, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr("warehouse.files_s3.ATTEMPTS", 4)
    return replace(object_store, endpoint=way.endpoint).files("files")


ASKING: list[Callable[[Files], object]] = [
    lambda files: files.put("new", b"1"),
    lambda files: files.put_new("new", b"1"),
    lambda files: files.read("there"),
    lambda files: files.stat("there"),
    lambda files: list(files.listed()),
    lambda files: files.remove("there"),
]


@pytest.mark.parametrize("ask", ASKING)
def test_a_store_that_is_busy_for_a_while_is_asked_again(over_it, way, ask):
    over_it.put("there", b"x" * 1000)
    way.faults.extend(["busy", "busy"])
    ask(over_it)
    assert not way.faults
    assert sum("busy" in one for one in way.requests) == 2


@pytest.mark.parametrize("ask", ASKING)
def test_a_store_that_stays_busy_is_one_line(over_it, way, ask):
    way.faults.extend(["busy"] * 100)
    with pytest.raises(ObjectStoreFailed, match="try again later") as error:
        ask(over_it)
    assert "\n" not in one_line(error.value)
    way.faults.clear()


def test_an_answer_that_breaks_off_is_asked_for_again(over_it, way):
    over_it.put(NAME, b"x" * 500_000)
    way.faults.append("cut")
    assert over_it.read(NAME) == b"x" * 500_000
    assert not way.faults


def test_an_answer_that_got_lost_does_not_write_twice(over_it, way):
    way.faults.append("lost")
    over_it.put_new(NAME, b"mine")  # whether it says True is not certain, what is there is
    assert over_it.read(NAME) == b"mine"
    way.faults.append("lost")
    over_it.put(NAME, b"newer")
    assert over_it.read(NAME) == b"newer"


def test_a_store_that_is_not_there_is_one_line(object_store, monkeypatch):
    monkeypatch.setattr("warehouse.files_s3.ATTEMPTS", 2)
    files = replace(object_store, endpoint="http://127.0.0.1:1").files("files")
    with pytest.raises(ObjectStoreFailed, match="ATTENDANCE_OBJECTS_ENDPOINT"):
        files.put(NAME, b"1")


@pytest.mark.parametrize(
    ("user", "secret", "said"),
    [("nobody", "x" * 40, "credentials are wrong"), ("tests", "x" * 40, "credentials are wrong")],
)
def test_wrong_credentials_are_one_line_without_them(object_store, monkeypatch, user, secret, said):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", user)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    with pytest.raises(ObjectStoreFailed, match=said) as error:
        object_store.files("files").put(NAME, b"1")
    assert secret not in one_line(error.value)


def test_who_may_only_read_is_told_what_to_allow(object_store, monkeypatch):
    object_store.files("files").put(NAME, b"1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER_SECRET)
    assert object_store.files("files").read(NAME) == b"1"
    with pytest.raises(ObjectStoreFailed, match="PutObject"):
        object_store.files("files").put(NAME, b"2")


def test_no_credentials_are_one_line(object_store, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ObjectStoreFailed, match="set AWS_ACCESS_KEY_ID"):
        object_store.files("files").read(NAME)


def test_no_bucket_is_one_line(object_store):
    files = replace(object_store, url="s3://there-is-none/x").files("files")
    for ask in (lambda: files.put(NAME, b"1"), lambda: files.read(NAME), lambda: list(files.listed())):
        with pytest.raises(ObjectStoreFailed, match="make it first"):
            ask()


@pytest.mark.parametrize(
    ("url", "parts"),
    [("s3://bucket", ("bucket", "")), ("s3://bucket/", ("bucket", "")), ("s3://bucket/a/b/", ("bucket", "a/b/"))],
)
def test_a_url_is_bucket_and_prefix(url, parts):
    assert bucket_and_prefix(url) == parts


@pytest.mark.parametrize(
    "url", ["bucket/x", "https://bucket/x", "s3:///x", "s3://key:secret@bucket/x", "s3://bucket/x?y=1", ""]
)
def test_what_is_no_url_of_a_store(url):
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        bucket_and_prefix(url)


def test_large_files_go_and_come_as_they_were(object_store, tmp_path):
    shared = object_store.files("published")
    for size in (0, 1 << 20, (16 << 20) + 1, (64 << 20) + 1):  # in one request, in ranges, in parts
        sent, came = tmp_path / "sent", tmp_path / "came"
        sent.write_bytes(os.urandom(1 << 20) * (size >> 20) + b"." * (size % (1 << 20)))
        shared.put_file("a", sent)
        shared.get_file("a", came)
        assert came.read_bytes() == sent.read_bytes()
        data, version = shared.read_version("a")
        assert data == sent.read_bytes()
        assert shared.read_version("a")[1] == version


def test_an_object_is_replaced_only_as_it_was_known(object_store):
    shared = object_store.files("published")
    assert shared.replace("a", b"one", None)
    _, version = shared.read_version("a")
    assert shared.replace("a", b"two", version)
    assert not shared.replace("a", b"three", version)
    assert not shared.replace("a", b"three", None)
    assert not shared.replace("b", b"three", version)
    assert shared.read("a") == b"two"


def test_of_many_that_replace_at_once_one_does(object_store):
    shared = object_store.files("published")
    shared.put("a", b"begun from")
    _, version = shared.read_version("a")
    barrier = threading.Barrier(8)

    def replace_it(number: int) -> bool:
        barrier.wait()
        return shared.replace("a", b"%d" % number * 50_000, version)

    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(replace_it, range(8)))
    assert took.count(True) == 1
    assert shared.read("a") == b"%d" % took.index(True) * 50_000
