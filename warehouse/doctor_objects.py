"""What the doctor looks at of an object store: that it does what we rely on, and holds what is named elsewhere."""

import secrets
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from warehouse.diagnosis import REBUILD, Diagnosis, some
from warehouse.files import ObjectStore, ObjectStoreFailed, SharedFiles
from warehouse.home import Home
from warehouse.ledger.bundles import bundles_of
from warehouse.publish.editions import held, newest, shared
from warehouse.publish.sweeping import SETTLED, unrecorded_bundles

_NAME = "物件儲存 object store"
_PROBE = b"attendance doctor"


def objects_usable(store: ObjectStore) -> Diagnosis:
    """Whether an object can be written, read, listed and removed, and is not written over where it must not be."""
    try:
        missing = _missing(store.files("check"), secrets.token_hex(16))
    except ObjectStoreFailed as error:
        return Diagnosis(
            _NAME, ok=False, found=f"{error.filename}: {error.strerror}", remedy="請依前述處理 do as it says"
        )
    if missing:
        found = f"{store.url} 不支援 does not know: {missing}"
        return Diagnosis(
            _NAME, ok=False, found=found, remedy="請升級或更換物件儲存 update the object store, or take another"
        )
    return Diagnosis(_NAME, ok=True, found=f"{store.url} 可讀、寫、列、刪 reads, writes, lists, removes")


def bundles_there(objects: ObjectStore, session: Session) -> Diagnosis:
    """Whether every bundle that the ledger names is on the object store."""
    name = "資料檔包 bundles"
    there = {one.name for one in objects.files("store").listed()}
    named = {one for names in bundles_of(session).values() for one in names}
    if missing := sorted(named - there):
        found = f"{len(missing):,}/{len(named):,} 包不在物件儲存 not on the object store: {some(missing)}"
        return Diagnosis(name, ok=False, found=found, remedy=REBUILD)
    return Diagnosis(name, ok=True, found=f"{len(named):,} 包俱在物件儲存 on the object store, all there")


def bundles_unrecorded(objects: ObjectStore, session: Session) -> Diagnosis:
    """Whether there are bundles that nobody recorded, and that publishing should have swept a day ago."""
    name = "未登錄的資料檔包 bundles unrecorded"
    until = datetime.now(UTC) - 2 * SETTLED
    old = [one.name for one in unrecorded_bundles(objects, session) if one.modified < until]
    if old:
        found = f"{len(old):,} 包無人登錄 that nobody recorded: {some(old)}"
        return Diagnosis(name, ok=False, found=found, remedy="下次發布時清除 publishing removes them: attendance run")
    return Diagnosis(name, ok=True, found="無 none")


def edition_there(objects: ObjectStore) -> Diagnosis:
    """Whether everything that the newest edition names is on the object store."""
    name = "已發布的檔案 published files"
    files = shared(objects)
    edition = newest(files)
    if edition is None:
        return Diagnosis(name, ok=True, found="尚未發布 nothing published yet")
    if missing := sorted(edition.files - {one.name for one in files.listed()}):
        found = f"{len(missing):,}/{len(edition.files):,} 檔不在物件儲存 not on the object store: {some(missing)}"
        return Diagnosis(name, ok=False, found=found, remedy="請再發布一次 publish again: attendance run")
    return Diagnosis(name, ok=True, found=f"{len(edition.files):,} 檔俱在物件儲存 on the object store, all there")


def edition_elsewhere(home: Home, objects: ObjectStore) -> Diagnosis | None:
    """Say that this machine has not the newest edition, whose rows are then not looked at; None where it has."""
    name = "warehouse.duckdb"
    edition = newest(shared(objects))
    if edition is None or (home.warehouse.exists() and held(home) == edition.warehouse):
        return None
    found = "本機未取得最新發布者，未檢查 this machine has not what was published last, its rows were not looked at: "
    return Diagnosis(name, ok=True, found=f"{found}attendance fetch")


def _missing(files: SharedFiles, name: str) -> str:
    """What the store does not do as it should, in words; empty where it does everything."""
    try:
        files.put_new(name, _PROBE)
        if files.put_new(name, b"another"):
            return "條件寫入 conditional writes (If-None-Match)"
        if files.read(name) != _PROBE or files.beginning(name, 10) != (_PROBE[:10], len(_PROBE)):
            return "分段讀取 ranges"
        _, version = files.read_version(name)
        if not files.replace(name, _PROBE + b".", version) or files.replace(name, _PROBE, version):
            return "條件取代 conditional replacement (If-Match)"
        if name not in {one.name for one in files.listed()}:
            return "一致的清單 listing what was just written"
        files.leftovers()
    finally:
        files.remove(name)
    return "" if not files.exists(name) else "刪除 removing"
