"""What the doctor looks at of an object store: that it answers, and does with an object of its own what we rely on."""

import secrets

from warehouse.diagnosis import Diagnosis
from warehouse.files import Files, ObjectStore, ObjectStoreFailed

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


def _missing(files: Files, name: str) -> str:
    """What the store does not do as it should, in words; empty where it does everything."""
    try:
        files.put_new(name, _PROBE)
        if files.put_new(name, b"another"):
            return "條件寫入 conditional writes (If-None-Match)"
        if files.read(name) != _PROBE or files.beginning(name, 10) != (_PROBE[:10], len(_PROBE)):
            return "分段讀取 ranges"
        if name not in {one.name for one in files.listed()}:
            return "一致的清單 listing what was just written"
        files.leftovers()
    finally:
        files.remove(name)
    return "" if not files.exists(name) else "刪除 removing"
