"""The key that signs receipts: from its file, made once.  Old receipts are verified with the public key alone."""

from pipelines.key_files import write_once
from pipelines.settings import Settings, SettingsError
from warehouse.receipt_signature import new_signing_key


def receipt_key(settings: Settings) -> str:
    """The private key as PEM; made (mode 0600) where there is none.  Raises `SettingsError` where it cannot be read."""
    file = settings.place.root / settings.receipt_key_file.expanduser()
    try:
        if not file.exists():
            write_once(file, new_signing_key())
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: 無法讀寫收據私鑰 cannot use the receipts' key ({type(error).__name__})") from None
