"""What the doctor looks at in landing: hashes, encryption, what the ledger knows of it, what was left unfinished."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.diagnosis import RESTORE, Advance, Diagnosis, some
from warehouse.landing import Landing, LandingDamaged, NotLanded
from warehouse.ledger.arrivals import SETTLED, orphans
from warehouse.ledger.models import Submission
from warehouse.retention.removal import removed_documents
from warehouse.sealed import UnknownKey


def landing_hashes(landing: Landing, advance: Advance) -> Diagnosis:
    """Whether every landed file still has the hash that is its name."""
    name = "收檔區 landing"
    ids = list(landing.ids())
    with ThreadPoolExecutor(landing.files.writers) as readers:
        sound = dict(zip(ids, readers.map(partial(_is_sound, landing, advance), ids), strict=True))
    damaged = [id_ for id_, said in sound.items() if said is False]
    if damaged:
        found = f"{len(damaged):,}/{len(ids):,} 檔毀損 files damaged: {some(damaged)}"
        return Diagnosis(name, ok=False, found=found, remedy=RESTORE)
    return Diagnosis(name, ok=True, found=f"{sum(map(bool, sound.values())):,} 檔雜湊相符 files, all hashes right")


def _is_sound(landing: Landing, advance: Advance, id_: str) -> bool | None:
    """None where the key is not at hand: that says nothing of the file, and `landing_sealed` names the key."""
    try:
        landing.verify(id_)
    except UnknownKey:
        return None
    except (LandingDamaged, NotLanded, OSError):
        return False
    finally:
        advance()
    return True


def landing_sealed(landing: Landing) -> Diagnosis:
    """Whether every landed file is encrypted, under a key that is at hand."""
    name = "收檔區加密 landing encrypted"
    with ThreadPoolExecutor(landing.files.writers) as readers:
        keys = Counter(readers.map(landing.key_id, landing.ids()))
    plain = keys.pop(None, 0)
    unknown = sorted(key for key in keys if key and key not in (landing.ring.keys if landing.ring else ()))
    if unknown:
        found = f"密鑰不在手邊 keys not at hand: {', '.join(unknown)}"
        return Diagnosis(name, ok=False, found=found, remedy="請還原密鑰檔 restore the key file")
    if plain:
        found = f"{plain:,} 檔未加密 files lie in plain, from before landing was encrypted"
        return Diagnosis(name, ok=False, found=found, remedy="attendance keys reencrypt")
    return Diagnosis(name, ok=True, found=f"{keys.total():,} 檔，{len(keys)} 把密鑰 files, keys in use")


def landing_complete(landing: Landing, session: Session) -> Diagnosis:
    """Whether the bytes of every submission are in landing."""
    name = "收檔區與帳冊 landing and ledger"
    recorded = set(session.scalars(select(Submission.id))) - removed_documents(session)
    missing = sorted(recorded - set(landing.ids()))
    if missing:
        found = f"{len(missing):,} 份報送沒有檔案 submissions without their bytes: {some(missing)}"
        return Diagnosis(name, ok=False, found=found, remedy=RESTORE)
    return Diagnosis(name, ok=True, found=f"{len(recorded):,} 份報送檔案俱在 submissions, all bytes there")


def landing_orphans(landing: Landing, session: Session) -> Diagnosis:
    """Whether anything landed without the ledger knowing of it: a process was stopped between the two."""
    name = "未登錄的檔案 orphans"
    found = orphans(landing, session)
    if found:
        said = f"{len(found):,} 檔在收檔區而不在帳冊 files in landing that the ledger does not know: {some(found)}"
        # Not as files: those are encrypted, and would be handed in as they lie.
        return Diagnosis(name, ok=False, found=said, remedy="登錄 record them: attendance submit --orphans")
    return Diagnosis(name, ok=True, found="無 none")


def landing_leftovers(landing: Landing) -> Diagnosis:
    """Whether a process that was stopped left half a file behind."""
    name = "未完成的收檔 leftovers"
    settled = datetime.now(UTC) - SETTLED
    old = [one.place for one in landing.leftovers() if one.modified < settled]
    if old:
        found = f"{len(old):,} 個暫存檔 temporary files: {some(old)}"
        return Diagnosis(name, ok=False, found=found, remedy="可以刪除 they can be deleted")
    return Diagnosis(name, ok=True, found="無 none")
