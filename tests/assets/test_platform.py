"""The platform: its clock, its limits, its channels."""

from datetime import UTC, datetime

import pytest

from assets.channels.config import SourcesError
from tests.support.installations import installation
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
    assert here.person_key.hex() not in repr(here)
    assert str(here.person_key) not in repr(here)
