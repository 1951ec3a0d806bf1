"""Landing at rest: what is sealed opens as it was, and nothing that was touched opens at all."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.landing import Landing, LandingDamaged
from warehouse.sealed import CHUNK, HEADER, MAGIC, Keyring, SealBroken, UnknownKey, key_of, plain_size, seal, unseal

OLD, NEW = "0000000a", "0000000b"
RING = Keyring(OLD, {OLD: b"o" * 32})
BOTH = Keyring(NEW, {OLD: b"o" * 32, NEW: b"n" * 32})


def sealed(data: bytes, ring: Keyring = RING, piece: int = 400_000) -> bytes:
    return b"".join(seal((data[at : at + piece] for at in range(0, len(data), piece)), ring, ring.active))


def opened(data: bytes, ring: Keyring | None = RING) -> bytes:
    return b"".join(unseal(io.BytesIO(data), ring))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
def test_any_size_opens_as_it_was_and_is_known_without_opening(size):
    data = bytes(number % 251 for number in range(size))
    file = sealed(data)
    assert opened(file) == data
    assert plain_size(file[:HEADER], len(file)) == size
    assert data[:40] not in file or size < 40


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_bit_anywhere_and_it_does_not_open(at, bit):
    file = bytearray(sealed(b"x" * 300))
    at %= len(file)
    file[at] ^= 1 << bit
    if at < len(MAGIC):  # no longer a sealed file at all: the hash will tell
        assert opened(bytes(file)) == bytes(file)
    else:
        with pytest.raises((SealBroken, UnknownKey)):
            opened(bytes(file))


def test_chunks_left_out_moved_or_taken_from_elsewhere_do_not_open():
    file, other = sealed(b"a" * (2 * CHUNK + 9)), sealed(b"b" * (2 * CHUNK + 9))
    size = CHUNK + 16
    head, first, second, last = (
        file[:HEADER],
        file[HEADER:][:size],
        file[HEADER + size :][:size],
        file[HEADER + 2 * size :],
    )
    for forged in (
        head + first + second,
        head + first + last,
        head + second + first + last,
        head + first + other[HEADER + size :][:size] + last,
        other[:HEADER] + first + second + last,
        file + b"\0",
        head,
    ):
        with pytest.raises(SealBroken):
            opened(forged)


def test_a_key_that_is_not_at_hand_is_named():
    with pytest.raises(UnknownKey, match=OLD):
        opened(sealed(b"x"), Keyring(NEW, {NEW: b"n" * 32}))
    with pytest.raises(UnknownKey, match=OLD):
        opened(sealed(b"x"), None)


def test_a_key_that_was_added_meanwhile_is_learnt():
    running = Keyring(OLD, {OLD: b"o" * 32}, reload=lambda: BOTH)
    assert opened(sealed(b"x", BOTH), running) == b"x"
    assert running.active == NEW


def test_rotation_leaves_every_document_readable_at_every_step(tmp_path):
    plain, old, new = Landing(tmp_path), Landing(tmp_path, RING), Landing(tmp_path, BOTH)
    ids = [plain.put(b"from before").id, old.put(b"under the old key").id, new.put(b"under the new key").id]
    assert [new.key_id(id_) for id_ in ids] == [None, OLD, NEW]
    assert [new.reseal(id_) for id_ in ids] == [True, True, False]
    assert [new.reseal(id_) for id_ in ids] == [False, False, False]
    assert {new.key_id(id_) for id_ in ids} == {NEW}
    assert [new.read(id_) for id_ in ids] == [b"from before", b"under the old key", b"under the new key"]
    assert new.leftovers() == []


def test_another_key_is_no_other_moment_of_landing(tmp_path):
    old = Landing(tmp_path, RING)
    id_ = old.put(b"x").id
    os.utime(tmp_path / id_[:2] / id_, (1_625_000_000, 1_625_000_000))
    before = old.landed_at(id_)
    assert Landing(tmp_path, BOTH).reseal(id_)
    assert old.landed_at(id_) == before


def test_a_process_that_has_run_since_before_a_rotation_seals_under_the_new_key(tmp_path):
    landing = Landing(tmp_path, Keyring(OLD, {OLD: b"o" * 32}, reload=lambda: BOTH))
    assert landing.key_id(landing.put(b"x").id) == NEW


def test_a_key_that_was_retired_before_it_was_held_is_not_used(tmp_path):
    retired = Keyring(NEW, {NEW: b"n" * 32})
    rings = iter([None, retired, None, None])
    running = Keyring(OLD, {OLD: b"o" * 32}, reload=lambda: next(rings))
    landing = Landing(tmp_path, running)
    assert landing.key_id(landing.put(b"x").id) == NEW


def test_what_lies_in_landing_is_not_the_document(tmp_path):
    landing = Landing(tmp_path, RING)
    id_ = landing.put_stream([b'{"name": "', "王小明".encode(), b'"}'], 1000).id
    stored = (tmp_path / id_[:2] / id_).read_bytes()
    assert "王小明".encode() not in stored
    assert key_of(stored[:HEADER]) == OLD
    assert landing.read(id_) == '{"name": "王小明"}'.encode()


def test_a_damaged_file_is_damaged_and_not_a_crash(tmp_path):
    landing = Landing(tmp_path, RING)
    id_ = landing.put(b"x" * 100).id
    path = tmp_path / id_[:2] / id_
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LandingDamaged):
        landing.read(id_)
    with pytest.raises(LandingDamaged):
        landing.put(b"x" * 100)
