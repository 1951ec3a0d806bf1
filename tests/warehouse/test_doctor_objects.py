"""The doctor tries an object store out, leaves nothing behind, and says what it cannot do."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.object_store import READER, READER_SECRET
from warehouse.doctor_objects import _missing, objects_usable
from warehouse.files_local import LocalFiles


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


class WritesOver(LocalFiles):
    """A store that does not know If-None-Match: it takes the write all the same."""

    def put_new(self, name: str, data: bytes) -> bool:
        self.put(name, data)
        return True


def test_one_that_knows_no_conditional_writes_is_found(tmp_path: Path):
    assert _missing(LocalFiles(tmp_path), "x") == ""
    assert "If-None-Match" in _missing(WritesOver(tmp_path), "x")
    assert not (tmp_path / "x").exists()
