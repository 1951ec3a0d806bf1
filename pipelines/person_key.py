"""The secret key under which a national ID becomes a `person_key`: from the settings, from its file, or made once.

Who holds the key can find out whose records are whose; who loses it can no longer tell that a person of this month is
the person of the last.  So it is never made anew beside records that an older one has keyed.
"""

import re
import secrets
from pathlib import Path

from pipelines.key_files import refuse_to_make, write_once
from pipelines.settings import Settings, SettingsError

KEY_BYTES = 32

_KEY = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def person_key(settings: Settings) -> bytes:
    """The key's 32 bytes; the first call of an installation that names none makes the file (mode 0600).

    Raises `SettingsError` where the file holds no key, cannot be read, or is gone while the store holds records.
    """
    if settings.person_key is not None:
        return bytes.fromhex(settings.person_key.get_secret_value())
    file = settings.place.root / settings.person_key_file.expanduser()
    try:
        if not file.exists():
            refuse_to_make(settings.place, "ATTENDANCE_PERSON_KEY", file)
            _make(file, settings.place.store)
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{file}: 無法讀寫人員代號密鑰 cannot use the person key ({type(error).__name__})"
        ) from None
    if not _KEY.fullmatch(text):
        raise SettingsError(f"{file}: 應為 64 個十六進位數字 must hold 64 hexadecimal digits")
    return bytes.fromhex(text)


def _make(file: Path, store: Path) -> None:
    if store.exists() and any(store.iterdir()):
        raise SettingsError(
            f"{file}: 人員代號密鑰遺失，請自備份還原 the person key is gone and the store holds records: restore it"
        )
    write_once(file, secrets.token_hex(KEY_BYTES) + "\n")
