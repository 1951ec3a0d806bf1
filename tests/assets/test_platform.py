"""The platform: its clock, its limits, its channels."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.channels.config import SourcesError
from tests.support.installations import FIRST, SECOND, THIRD, document, installation
from warehouse.landing import TooLarge


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path, limits={"max_bytes": 4})
    yield opened
    opened.engine.dispose()


def test_today_is_taipeis(tmp_path):
    opened = installation(tmp_path, now=datetime(2021, 7, 9, 16, 30, tzinfo=UTC))
    assert str(opened.today()) == "2021-07-10"
    opened.engine.dispose()


def test_landing_keeps_the_limit(here):
    assert here.land([b"12", b"34"]).bytes == 4
    with pytest.raises(TooLarge):
        here.land([b"12", b"345"])


def test_the_inbox_is_there_without_any_configuration(here):
    assert list(here.channels()) == ["manual"]


def test_sources_that_make_no_sense_are_one_line(here):
    here.sources.write_text("[webitre]\n", encoding="utf-8")
    with pytest.raises(SourcesError) as raised:
        here.channels()
    assert "webitre" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_key_is_not_shown(here):
    assert here.person_key().hex() not in repr(here)
    assert str(here.person_key()) not in repr(here)


@pytest.fixture
def without_its_person_key(tmp_path, attendance, home):
    """A home with a month entered, whose person key is another file now: gone or garbled."""
    installation(home).engine.dispose()
    file = tmp_path / "first.json"
    file.write_bytes(document(FIRST))
    assert attendance("submit", file).code == 0
    assert attendance("run", "--month", "2021-06").code == 0
    return home / "person.key"


@pytest.mark.parametrize("spoil", [Path.unlink, lambda key: key.write_text("garbled")])
def test_documents_are_received_without_the_person_key(tmp_path, attendance, home, without_its_person_key, spoil):
    spoil(without_its_person_key)
    file = tmp_path / "second.json"
    file.write_bytes(document(SECOND))
    (home / "inbox" / "third.json").write_bytes(document(THIRD))
    assert attendance("submit", file).code == 0
    (home / "sources.toml").write_text("[manual]\nsettle_seconds = 0\n", encoding="utf-8")
    assert attendance("pull", "--month", "2021-06").code == 0
    assert not list((home / "inbox").glob("*.json"))
    entered = attendance("run", "--month", "2021-06")
    assert entered.code == 2
    assert "person.key" in entered.err
    waiting = attendance("status", "--month", "2021-06", "--format", "json")
    assert waiting.code in (0, 1)
    assert SECOND in waiting.out
