"""The doctor tries an object store out, leaves nothing behind, and says what it cannot do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from tests.support.installations import AUTHORITY, FIRST, NOW, document, installation, with_error
from tests.support.object_store import READER, READER_SECRET, settings_of
from warehouse.diagnosis import REBUILD, Diagnosis
from warehouse.doctor import diagnose
from warehouse.doctor_objects import _missing, objects_usable
from warehouse.files import ObjectStore
from warehouse.files_s3 import S3Files
from warehouse.home import Home
from warehouse.publish.lock import rebuilding_alone
from warehouse.publish.publisher import publish

BUNDLES, UNRECORDED = "資料檔包 bundles", "未登錄的資料檔包 bundles unrecorded"
EDITION = "已發布的檔案 published files"


def test_a_usable_store_is_left_as_it_was(object_store):
    found = objects_usable(object_store)
    assert found.ok
    assert object_store.url in found.found
    assert list(object_store.files("").listed()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [({"endpoint": "http://127.0.0.1:1"}, "cannot be reached"), ({"url": "s3://none-here"}, "make it")],
)
def test_one_that_is_not_there_is_one_line(object_store, monkeypatch, change, said):
    monkeypatch.setattr("warehouse.files_s3.ATTEMPTS", 2)
    found = objects_usable(replace(object_store, **change))
    assert not found.ok
    assert said in found.found
    assert found.remedy
    assert "\n" not in found.found


def test_who_may_only_read_learns_it(object_store, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER_SECRET)
    assert "access denied" in objects_usable(object_store).found


class WritesOver(S3Files):
    """A store that does not know If-None-Match: it takes the write all the same."""

    def put_new(self, name: str, data: bytes) -> bool:
        self.put(name, data)
        return True


class ReplacesAnything(S3Files):
    """A store that does not know If-Match."""

    def replace(self, name: str, data: bytes, version: str | None) -> bool:
        self.put(name, data)
        return True


def test_one_that_knows_no_conditional_writes_is_found(object_store):
    assert _missing(S3Files(object_store, "check"), "x") == ""
    assert "If-None-Match" in _missing(WritesOver(object_store, "check"), "x")
    assert "(If-Match)" in _missing(ReplacesAnything(object_store, "check"), "x")
    assert list(object_store.files("").listed()) == []


@pytest.fixture
def platform(tmp_path: Path, object_store: ObjectStore) -> Iterator[Platform]:
    """An installation over an object store, with a month entered and published."""
    opened = installation(tmp_path / "home", **settings_of(object_store), entry_workers=1)
    hand_in(opened, [HandedIn("a.json", document(AUTHORITY)), HandedIn("b.json", with_error(FIRST))])
    enter(opened, "2021-06")
    publish(opened.home, opened.engine, now=NOW)
    yield opened
    opened.engine.dispose()


def looked(opened: Platform, home: Home | None = None) -> dict[str, Diagnosis]:
    return {one.name: one for one in diagnose(home or opened.home, lambda: None, opened.landing.ring)}


def faults(opened: Platform) -> dict[str, str]:
    return {name: one.remedy for name, one in looked(opened).items() if not one.ok}


def test_a_sound_installation_has_no_faults_on_any_machine(platform, tmp_path):
    assert faults(platform) == {}
    assert {BUNDLES, UNRECORDED, EDITION} < set(looked(platform))
    elsewhere = replace(platform.home, root=tmp_path / "elsewhere").create()
    found = looked(platform, elsewhere)
    assert all(one.ok for one in found.values())
    assert "attendance fetch" in found["warehouse.duckdb"].found
    assert found["資料庫與帳冊 store and ledger"].found.startswith("8 ")  # fetched, and read file by file


def test_a_bundle_that_is_gone_is_named(platform):
    (name,) = (one.name for one in platform.home.objects.files("store").listed())
    platform.home.objects.files("store").remove(name)
    assert faults(platform) == {BUNDLES: REBUILD}
    assert name in looked(platform)[BUNDLES].found


def test_a_published_file_that_is_gone_is_named_and_published_again(platform):
    published = platform.home.objects.files("published")
    name = next(one.name for one in published.listed("employees/"))
    published.remove(name)
    assert name in looked(platform)[EDITION].found
    assert list(faults(platform)) == [EDITION]
    publish(platform.home, platform.engine, (), now=NOW)
    assert faults(platform) == {}


def test_bundles_that_nobody_recorded_are_named_and_swept_by_publishing(platform, monkeypatch):
    files = platform.home.objects.files("store")
    (recorded,) = (one.name for one in files.listed())
    orphan = f"month=2021-06/1-{'a' * 32}.tar"
    files.put(orphan, files.read(recorded))
    assert faults(platform) == {}  # it may be recorded yet
    publish(platform.home, platform.engine, (), now=datetime.now(UTC))
    assert files.exists(orphan)
    monkeypatch.setattr("warehouse.doctor_objects.SETTLED", timedelta(days=-1))
    assert list(faults(platform)) == [UNRECORDED]
    assert orphan in looked(platform)[UNRECORDED].found
    in_three_days = datetime.now(UTC) + timedelta(days=3)
    with rebuilding_alone(platform.home, platform.engine, 0):
        publish(platform.home, platform.engine, (), now=in_three_days)
    assert files.exists(orphan)  # a rebuild's bundles are recorded at its end
    publish(platform.home, platform.engine, (), now=in_three_days)
    assert [one.name for one in files.listed()] == [recorded]
