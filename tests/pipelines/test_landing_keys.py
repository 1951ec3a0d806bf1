"""The landing's keys while others write: none is forgotten under which a document could still come."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from pipelines import landing_keys
from pipelines.settings import Settings, SettingsError, load_settings
from warehouse.landing import Landing


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ATTENDANCE_HOME", str(tmp_path / "home"))
    return load_settings()


def test_a_process_from_before_the_rotation_never_writes_under_a_forgotten_key(settings):
    running = Landing(settings.place.landing, landing_keys.landing_ring(settings))
    old = running.key_id(running.put(b"before").id)
    new = landing_keys.rotate(settings)
    for id_ in list(running.ids()):
        Landing(settings.place.landing, landing_keys.landing_ring(settings)).reseal(id_)
    landing_keys.retire(settings, old, lambda: 0)
    later = running.put(b"after")
    assert running.key_id(later.id) == new
    elsewhere = Landing(settings.place.landing, landing_keys.landing_ring(settings))
    assert [elsewhere.read(id_) for id_ in (later.id,)] == [b"after"]


def test_a_key_is_not_retired_while_a_document_comes_in_under_it(settings):
    landing = Landing(settings.place.landing, landing_keys.landing_ring(settings))
    begun, go_on = Event(), Event()

    def slow() -> Iterator[bytes]:
        yield b"first"
        begun.set()
        go_on.wait(30)
        yield b"last"

    upload = Thread(target=lambda: landing.put_stream(slow(), 100))
    upload.start()
    try:
        assert begun.wait(30)
        old = landing.ring.active
        landing_keys.rotate(settings)  # waits for nobody
        with pytest.raises(SettingsError, match="稍後再試"):
            landing_keys.retire(settings, old, lambda: 0)
    finally:
        go_on.set()
        upload.join()
    [id_] = landing.ids()
    assert landing.key_id(id_) == old
    with pytest.raises(SettingsError, match="reencrypt"):
        landing_keys.retire(settings, old, lambda: 1)
    assert landing.read(id_) == b"firstlast"


def test_a_lost_key_file_is_not_made_anew_beside_what_was_sealed_under_it(settings):
    landing = Landing(settings.place.landing, landing_keys.landing_ring(settings))
    landing.put(b"x")
    file = landing_keys.key_file(settings)
    kept = file.read_text(encoding="ascii")
    file.unlink()
    with pytest.raises(SettingsError, match="自備份還原"):
        landing_keys.landing_ring(settings)
    assert not file.exists()
    file.write_text(kept, encoding="ascii")
    assert landing_keys.landing_ring(settings).active == json.loads(kept)["active"]


def test_beside_what_lies_in_plain_a_key_is_made(settings):
    Landing(settings.place.landing).put(b"from before landing was encrypted")
    assert landing_keys.landing_ring(settings).active


def test_a_ring_that_went_to_a_worker_process_follows_a_rotation(settings):
    ring = pickle.loads(pickle.dumps(landing_keys.landing_ring(settings)))
    new = landing_keys.rotate(settings)
    elsewhere = Landing(settings.place.landing, ring)
    assert elsewhere.key_id(elsewhere.put(b"after").id) == new


def test_sealing_anew_keeps_when_a_document_came(settings):
    landing = Landing(settings.place.landing, landing_keys.landing_ring(settings))
    id_ = landing.put(b"document").id
    came = landing.landed_at(id_)
    landing_keys.rotate(settings)
    assert landing.reseal(id_)
    assert landing.landed_at(id_) == came
