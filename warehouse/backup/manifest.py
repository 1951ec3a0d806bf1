"""What a backup says of itself: `manifest.json`, written last, with the size and hash of every other file of it.

It holds numbers, hashes, ids of keys and names of files; no agency, no person, no reason, no setting.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from warehouse.ledger.audit_chain import Anchor

NAME = "manifest.json"
FORMAT = "attendance-backup-1"
LEDGER, OWN, KEPT, DOCUMENTS = "ledger/", "home/", "kept/", "landing.parquet"


class BackupDamaged(OSError):  # noqa: N818 — says what happened
    """A backup is not what was written: changed, cut off, or files of it are gone; the message names them."""


@dataclass(frozen=True, slots=True)
class FileOf:
    """A file of a backup: its size and hash; `rows` of a table, None for others."""

    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """What tells the keys apart that a restored installation needs; None: it had none of that kind."""

    person: str | None
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files`: path below the backup → file.  `documents` of `bytes` in all lie in landing, under `landing_keys`.

    `lacking` are submissions whose bytes were not there, or damaged, when the backup was made.  `made_at` is the
    aware moment of the ledger's snapshot, `audit` its newest row then.
    """

    name: str
    made_at: str
    program: str
    revision: str
    audit: Anchor
    submissions: int
    documents: int
    bytes: int
    lacking: int
    landing_keys: tuple[str, ...]
    keys: Keys
    files: Mapping[str, FileOf]

    @property
    def moment(self) -> datetime:
        """When it was made, aware."""
        return datetime.fromisoformat(self.made_at)

    @property
    def digest(self) -> str:
        """The SHA-256 over all that it says: what tells one backup from another."""
        return hashlib.sha256(json.dumps(self._said(), sort_keys=True).encode()).hexdigest()

    def tables(self) -> dict[str, str]:
        """Table → its file."""
        return {PurePosixPath(name).stem: name for name in self.files if name.startswith(LEDGER)}

    def own(self) -> dict[str, str]:
        """Path of an operator's file, relative to the home folder → its sealed file."""
        return {name.removeprefix(OWN): name for name in self.files if name.startswith(OWN)}

    def write(self, folder: Path) -> None:
        """Write it into the backup's folder."""
        text = json.dumps({**self._said(), "sha256": self.digest}, ensure_ascii=False, indent=1)
        (folder / NAME).write_text(f"{text}\n", encoding="utf-8")

    def _said(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self), "audit": self.audit._asdict()}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup; raises `BackupDamaged`."""
    path = folder / NAME
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        digest, form = said.pop("sha256"), said.pop("format")
        if form != FORMAT:
            raise BackupDamaged(0, f"備份格式不符，請使用較新版程式 another form of backup ({form}): update", str(path))
        found = Manifest(
            **{
                **said,
                "audit": Anchor(**said["audit"]),
                "keys": Keys(**said["keys"]),
                "landing_keys": tuple(said["landing_keys"]),
                "files": {name: FileOf(**one) for name, one in said["files"].items()},
            }
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupDamaged(
            0, f"備份清單毀損或不存在 manifest damaged or missing ({type(error).__name__})", str(path)
        ) from None
    if found.digest != digest or found.name != folder.name or not all(map(_is_below, found.files)):
        raise BackupDamaged(0, "備份清單遭更改 the manifest is not what was written", str(path))
    return found


def _is_below(name: str) -> bool:
    """Whether a path stays within the backup."""
    parts = PurePosixPath(name).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts


def file_of(path: Path, rows: int | None = None) -> FileOf:
    """Look at a file of a backup; raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileOf(path.stat().st_size, digest, rows)


def fault_of(folder: Path, name: str, said: FileOf) -> str | None:
    """What is wrong with a file of a backup, None where nothing is."""
    try:
        found = file_of(folder / name, said.rows)
    except FileNotFoundError:
        return f"{name}: 不存在 missing"
    except OSError as error:
        return f"{name}: 無法讀取 unreadable ({error.strerror})"
    if found == said:
        return None
    return f"{name}: {found.bytes:,} bytes, SHA-256 {found.sha256[:16]}… ≠ {said.bytes:,}, {said.sha256[:16]}…"
