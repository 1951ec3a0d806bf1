"""The key that signs what a browser keeps while somebody signs in: from the settings, or its file, made once.

Nothing that it signs outlives ten minutes, so it is in no backup; several portals share it.
"""

import re
import secrets

from pipelines.key_files import refuse_to_make, write_once
from pipelines.settings import SettingsError
from pipelines.settings_portal import PortalSettings
from warehouse.home import Home

_KEY = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def sign_in_key(home: Home, settings: PortalSettings) -> bytes:
    """The key's 32 bytes; the first call of an installation that names none makes the file (mode 0600).

    Raises `SettingsError` where the file holds no key or cannot be used.
    """
    if settings.sign_in_key is not None:
        return bytes.fromhex(settings.sign_in_key.get_secret_value())
    file = home.root / settings.sign_in_key_file.expanduser()
    try:
        if not file.exists():
            refuse_to_make(home, "ATTENDANCE_PORTAL__SIGN_IN_KEY", file)
            write_once(file, secrets.token_hex(32) + "\n")
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: 無法讀寫登入金鑰 cannot use the sign-in key ({type(error).__name__})") from None
    if not _KEY.fullmatch(text):
        raise SettingsError(f"{file}: 應為 64 個十六進位數字 must hold 64 hexadecimal digits")
    return bytes.fromhex(text)
