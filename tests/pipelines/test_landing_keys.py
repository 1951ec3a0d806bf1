"""Keys rotate while others write: nobody seals under a key that is being forgotten, and a lost key is never hidden."""

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipelines import landing_keys
from pipelines.settings import Settings, SettingsError
from warehouse.landing import Landing

ROOT = Path(__file__).parents[2]

#: A process that holds the active key, as a document on its way in does, until its standard input ends.
WRITER = """
import sys
from pathlib import Path
from pipelines.landing_keys import landing_ring
from pipelines.settings import Settings
with landing_ring(Settings(home=Path(sys.argv[1]))).sealing() as key:
    print(key, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path)
    settings.place.create()
    return settings


@pytest.fixture
def landing(settings):
    return Landing(settings.place.landing, landing_keys.landing_ring(settings))


def under(landing):
    return Counter(landing.key_id(id_) for id_ in landing.ids())


def test_who_has_run_since_before_a_rotation_seals_under_the_new_key(settings, landing):
    old = landing.ring.active
    landing.put(b"before")
    new = landing_keys.rotate(settings)
    id_ = landing.put(b"after").id
    assert under(landing) == {old: 1, new: 1}
    assert landing.key_id(id_) == new


def test_a_ring_that_went_to_another_process_follows_too(settings, landing):
    ring = pickle.loads(pickle.dumps(landing.ring))
    new = landing_keys.rotate(settings)
    elsewhere = Landing(settings.place.landing, ring)
    assert elsewhere.key_id(elsewhere.put(b"after").id) == new


def test_a_key_is_not_retired_while_a_document_is_written_under_it(settings, landing):
    old = landing.ring.active
    command = [sys.executable, "-c", WRITER, str(settings.place.root)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline().strip() == old
        landing_keys.rotate(settings)
        with pytest.raises(SettingsError, match="being written under the key"):
            landing_keys.retire(settings, old, lambda: under(landing)[old])
        writer.stdin.close()
    landing_keys.retire(settings, old, lambda: under(landing)[old])
    assert old not in landing_keys.landing_ring(settings).keys


def test_a_key_is_not_retired_while_files_are_under_it(settings, landing):
    landing.put(b"document")
    old = landing.ring.active
    landing_keys.rotate(settings)
    with pytest.raises(SettingsError, match="1 files are still under it"):
        landing_keys.retire(settings, old, lambda: under(landing)[old])
    assert landing.read(next(iter(landing.ids()))) == b"document"


def test_sealing_anew_keeps_when_a_document_came(settings, landing):
    id_ = landing.put(b"document").id
    came = landing.landed_at(id_)
    landing_keys.rotate(settings)
    assert landing.reseal(id_)
    assert landing.landed_at(id_) == came


def test_a_lost_key_file_is_said_and_no_new_key_is_made(settings, landing):
    landing.put(b"document")
    landing_keys.key_file(settings).unlink()
    with pytest.raises(SettingsError, match="the landing keys are gone"):
        landing_keys.landing_ring(settings)
    assert not landing_keys.key_file(settings).exists()
