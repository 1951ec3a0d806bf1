"""A full disk and a read-only home, by the real commands on a small file system: reading works, the rest says so."""

import os
import subprocess
from contextlib import contextmanager

import pytest

from tests.support.causes import copied, healthy, small_disk

READING = [
    ("status", "--month", "2021-06"),
    ("report", "monthly-counts", "--year", "2021"),
    ("register", "list"),
    ("audit", "list"),
    ("closures", "list"),
    ("retention", "show"),
]


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    return healthy(tmp_path_factory.mktemp("disks") / "healthy")


@pytest.fixture
def small(well, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("mounting is not allowed here")
        yield copied(well, disk / "home")


def fill(home):
    """Write until the last byte is taken."""
    descriptor = os.open(home.parent / "ballast", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(descriptor, bytes(1 << 12))
    except OSError:
        os.close(descriptor)


@contextmanager
def read_only(home):
    mounted = str(home.parent)
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", mounted], check=True)


def test_on_a_full_disk_reading_works_and_writing_says_that_it_is_full(small, tmp_path):
    document = tmp_path / "a.json"
    document.write_bytes(b"{}" * 9000)
    fill(small.home)
    said = {command: small.attendance(*command) for command in READING}
    assert {command: code for command, (code, _) in said.items() if code} == {}
    code, text = small.attendance("submit", str(document))
    assert (code, "full" in text or "no room" in text) == (2, True), text
    for word in ("Traceback", "sqlalche", "OperationalError"):
        assert word not in text
    code, text = small.attendance("doctor")
    assert code == 1
    assert "磁碟空間" in text
    assert "Traceback" not in text


def test_in_a_read_only_home_reading_works_and_writing_says_so(small, tmp_path):
    document = tmp_path / "a.json"
    document.write_bytes(b"{}")
    with read_only(small.home):
        said = {command: small.attendance(*command) for command in READING}
        assert {command: answer for command, answer in said.items() if answer[0]} == {}
        code, text = small.attendance("submit", str(document))
        assert (code, "read-only" in text) == (2, True), text
        assert "Traceback" not in text
