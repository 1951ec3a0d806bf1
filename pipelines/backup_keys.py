"""The keys that a backup is read and restored with: from a folder, the settings, or the home; none is ever made here.

Without them a backup is noise, so they are looked at before anything is written.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pipelines import landing_keys
from pipelines.key_files import write_once
from pipelines.ring_file import RingFile
from pipelines.settings import Settings, SettingsError
from warehouse.backup.manifest import Keys
from warehouse.receipt_signature import NotAReceipt, fingerprint, public_key
from warehouse.sealed import Keyring
from warehouse.store import person_key_mark

PERSON, RECEIPT = "person", "receipt"
LANDING_FILE, PERSON_FILE, RECEIPT_FILE = "landing.keys", "person.key", "receipt.key"


class KeysLacking(LookupError):  # noqa: N818 — reads as what it is
    """Keys that the backup needs are not at hand; nothing was written."""


@dataclass(frozen=True)
class KeyPlaces:
    """Where keys are looked for: in `folder` (`--keys`) first, then in the settings, then in the home's own files."""

    settings: Settings
    folder: Path | None = None

    def landing_ring(self) -> Keyring | None:
        """The keys of landing; None where there are none.  Raises `SettingsError` where they cannot be used."""
        if (file := self._given(LANDING_FILE)) is None:
            if self.settings.landing_keys is not None:
                return landing_keys.landing_ring(self.settings)
            file = landing_keys.key_file(self.settings)
        return RingFile(file).ring() if file.exists() else None

    def marks(self) -> Keys:
        """What tells the other two apart; None for one that is not at hand, or is none."""
        return Keys(self._person_mark(), self._receipt_mark())

    def refuse_lacking(self, needed: Collection[str]) -> None:
        """Raise `KeysLacking` unless these keys of landing are at hand."""
        ring = self.landing_ring()
        lacking = sorted(set(needed) - set(ring.keys if ring else ()))
        if lacking:
            raise KeysLacking(
                f"缺少收檔區密鑰，未還原任何資料 landing keys are lacking, nothing was written: {', '.join(lacking)}；"
                f"請以 --keys 指定存放 {LANDING_FILE} 的資料夾，或設定 ATTENDANCE_LANDING_KEYS give the folder of "
                "that file with --keys, or set the variable"
            )

    def refuse_others(self, wanted: Keys, lost: Collection[str]) -> None:
        """Raise `KeysLacking` unless the two others are those of the backup, or known to be `lost`."""
        found = self.marks()
        for kind, name, one, other in (
            (PERSON, PERSON_FILE, wanted.person, found.person),
            (RECEIPT, RECEIPT_FILE, wanted.receipt, found.receipt),
        ):
            if one is not None and one != other and kind not in lost:
                said = "不在手邊 is not at hand" if other is None else f"不是備份的那一把 is another one ({other})"
                raise KeysLacking(
                    f"{name} {said}，未還原任何資料 nothing was written；備份所用為 the backup's is {one}；"
                    "請以 --keys 指定資料夾，確已遺失者 give its folder with --keys, or where it is lost for good: "
                    f"--lost {kind}"
                )

    def bring(self, settings: Settings) -> None:
        """Copy the folder's keys to where the settings have them, those aside that are there or in the environment."""
        pairs = (
            (LANDING_FILE, settings.landing_keys_file, settings.landing_keys),
            (PERSON_FILE, settings.person_key_file, settings.person_key),
            (RECEIPT_FILE, settings.receipt_key_file, None),
        )
        for name, file, set_already in pairs:
            given = self._given(name)
            if given is not None and set_already is None:
                write_once(settings.place.root / file.expanduser(), given.read_text(encoding="ascii"))

    def _given(self, name: str) -> Path | None:
        file = None if self.folder is None else self.folder.expanduser() / name
        return file if file is not None and file.is_file() else None

    def _person_mark(self) -> str | None:
        text = self.settings.person_key.get_secret_value() if self.settings.person_key else None
        file = self._given(PERSON_FILE) or self.settings.place.root / self.settings.person_key_file.expanduser()
        if self._given(PERSON_FILE) is not None or text is None:
            text = _text(file)
        try:
            return person_key_mark(bytes.fromhex(text)) if text else None
        except ValueError:
            return None

    def _receipt_mark(self) -> str | None:
        file = self._given(RECEIPT_FILE) or self.settings.place.root / self.settings.receipt_key_file.expanduser()
        try:
            return fingerprint(public_key(text)) if (text := _text(file)) else None
        except (NotAReceipt, ValueError):
            return None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: 無法讀取密鑰 a key cannot be read ({type(error).__name__})") from None
