"""The keys under which landing is encrypted: from the settings, from their file, or made once; and their rotation.

Who loses a key has lost every document under it, so the file belongs into the backup, and elsewhere than landing.
"""

import fcntl
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.key_files import refuse_to_make, replace, write_once
from pipelines.ring_file import RingFile, held, lock_of
from pipelines.settings import Settings, SettingsError
from warehouse.files import ObjectStoreFailed
from warehouse.landing import Landing
from warehouse.sealed import KEY_BYTES, Keyring, new_key_id


def landing_ring(settings: Settings) -> Keyring:
    """The keyring; the first call of an installation that names none makes the file.

    Raises `SettingsError` where there is a file that holds no keyring, or cannot be read or made, and where there is
    none while landing holds what was sealed: a new key beside it would only hide that the old one is lost.  Raises
    `warehouse.files.ObjectStoreFailed` where landing is on an object store that cannot be looked at.
    """
    if settings.landing_keys is not None:
        return _parsed(settings.landing_keys.get_secret_value())
    file = key_file(settings)
    try:
        if not file.exists():
            refuse_to_make(settings.place, "ATTENDANCE_LANDING_KEYS", file)
            _refuse_beside_sealed(file, Landing(settings.place.landing_files))
            write_once(file, _text({"active": (id_ := new_key_id()), "keys": {id_: _new_key()}}))
        return RingFile(file).ring()
    except ObjectStoreFailed:
        raise
    except OSError as error:
        raise SettingsError(
            f"{file}: 無法讀寫收檔區密鑰 cannot use the landing keys ({type(error).__name__})"
        ) from None


def key_file(settings: Settings) -> Path:
    """Where the keyring's file lies."""
    return settings.place.root / settings.landing_keys_file.expanduser()


def rotate(settings: Settings) -> str:
    """Add a key and make it the active one; its id.  Processes that run already learn of it when they meet it.

    Raises `SettingsError` where the keys come from the environment, which this program cannot write.
    """
    file = _own_file(settings)
    with _alone(file):
        ring = json.loads(file.read_text(encoding="ascii"))
        ring["active"] = new_key_id()
        ring["keys"][ring["active"]] = _new_key()
        replace(file, _text(ring))
    return str(ring["active"])


def retire(settings: Settings, key_id: str, files_under: Callable[[], int]) -> None:
    """Forget a key under which there are no files, counted while nobody can add one.  Raises `SettingsError`."""
    file = _own_file(settings)
    with _alone(file):
        ring = json.loads(file.read_text(encoding="ascii"))
        if key_id not in ring["keys"] or key_id == ring["active"]:
            raise SettingsError(f"密鑰 {key_id} 不存在或使用中 there is no such key, or it is the active one")
        with held(file, key_id, alone=True):
            left = files_under()
            if left:
                raise SettingsError(
                    f"尚有 {left:,} 檔使用該密鑰，請先執行 attendance keys reencrypt {left:,} files are still under it"
                )
            del ring["keys"][key_id]
            replace(file, _text(ring))
            lock_of(file, key_id).unlink(missing_ok=True)


def made_at(settings: Settings) -> dict[str, str]:
    """Key id → ISO date on which it was made; empty where the keys come from the environment."""
    if settings.landing_keys is not None:
        return {}
    ring = json.loads(key_file(settings).read_text(encoding="ascii"))
    return {id_: key["made_at"] for id_, key in ring["keys"].items()}


def _own_file(settings: Settings) -> Path:
    if settings.landing_keys is not None:
        raise SettingsError(
            "密鑰由 ATTENDANCE_LANDING_KEYS 提供 the keys come from ATTENDANCE_LANDING_KEYS: rotate them there"
        )
    landing_ring(settings)
    return key_file(settings)


def _refuse_beside_sealed(file: Path, landing: Landing) -> None:
    if any(landing.key_id(id_) for id_ in landing.ids()):
        raise SettingsError(
            f"{file}: 收檔區密鑰遺失，請自備份還原，或設定 ATTENDANCE_LANDING_KEYS "
            "the landing keys are gone and landing holds files under them: restore the file, or set the variable"
        )


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold the lock under which key files change."""
    with file.with_name(f".{file.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _new_key() -> dict[str, str]:
    return {"key": secrets.token_hex(KEY_BYTES), "made_at": datetime.now(UTC).date().isoformat()}


def _text(ring: Mapping[str, Any]) -> str:
    return json.dumps(ring, indent=1) + "\n"


def _parsed(text: str) -> Keyring:
    """`id:hexadecimal` pairs with commas between, the active one first."""
    pairs = dict(pair.strip().split(":", 1) for pair in text.split(","))
    return Keyring(next(iter(pairs)), {id_: bytes.fromhex(key) for id_, key in pairs.items()})
