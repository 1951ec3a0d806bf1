"""What the doctor looks at in the keys: not whether they can be read but whether they do what they are for."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from pipelines.landing_keys import landing_ring
from pipelines.person_key import person_key
from pipelines.receipt_key import receipt_key
from pipelines.settings import Settings, SettingsError
from warehouse.diagnosis import Diagnosis
from warehouse.landing import Landing, LandingDamaged, NotLanded
from warehouse.receipt_signature import NotAReceipt, is_signed_under, public_key, signed
from warehouse.sealed import Keyring
from warehouse.store import mark_of, person_key_mark

_RESTORE = "請自備份還原 restore it"
#: Landed files whose key is looked at, and those opened under each key: one of them may be damaged itself.
_LOOKED_AT, _OPENED = 200, 3


def landing_keys(settings: Settings) -> tuple[Diagnosis, Keyring | None]:
    """Whether landing's keys can be read and open what is under them, and they."""
    name = "收檔區密鑰 landing keys"
    try:
        ring = landing_ring(settings)
    except SettingsError as error:
        return Diagnosis(name, ok=False, found=str(error), remedy=_RESTORE), None
    landing = Landing(settings.place.landing_files, ring)
    under: defaultdict[str, list[str]] = defaultdict(list)
    for id_ in islice(landing.ids(), _LOOKED_AT):
        if (key := landing.key_id(id_)) is not None and key in ring.keys and len(under[key]) < _OPENED:
            under[key].append(id_)
    useless = sorted(key for key, ids in under.items() if not any(_opens(landing, id_) for id_ in ids))
    if useless:
        found = f"密鑰打不開其檔案 do not open what is under them: {', '.join(useless)}"
        return Diagnosis(name, ok=False, found=found, remedy=_RESTORE), ring
    return Diagnosis(name, ok=True, found=f"{len(ring.keys)} 把，{len(under)} 把經開檔驗證 tried on a file"), ring


def _opens(landing: Landing, id_: str) -> bool:
    try:
        landing.verify(id_)
    except (LandingDamaged, NotLanded, OSError):
        return False
    return True


def person_key_fits(settings: Settings) -> Iterator[Diagnosis]:
    """Whether the person key is the one that the store's persons are under; nothing where there is no store yet."""
    name, home = "人員代號密鑰 person key", settings.place
    mark = mark_of(home.store, home.bundles)
    if mark is None:
        return
    try:
        fits = person_key_mark(person_key(settings)) == mark
    except SettingsError as error:
        yield Diagnosis(name, ok=False, found=str(error), remedy=_RESTORE)
        return
    if fits:
        yield Diagnosis(name, ok=True, found="與資料庫之人員代號相符 the store's persons are under it")
    else:
        found = "不是資料庫所用的那一把 it is not the one that the store's persons are under"
        yield Diagnosis(name, ok=False, found=found, remedy=_RESTORE)


def receipt_key_signs(settings: Settings) -> Iterator[Diagnosis]:
    """Whether what the receipt key signs can be verified; nothing where no receipt was ever signed."""
    name, file = "收據私鑰 receipt key", settings.place.root / settings.receipt_key_file.expanduser()
    if not file.exists():
        return
    try:
        pem = receipt_key(settings)
        said = signed({"about": "attendance doctor"}, pem, form="attendance-doctor-1")
        sound = is_signed_under(said, public_key(pem))
    except (SettingsError, NotAReceipt) as error:
        yield Diagnosis(name, ok=False, found=str(error), remedy=_RESTORE)
        return
    found = "試簽並驗證 signed and verified" if sound else "簽章不能驗證 what it signs does not verify"
    yield Diagnosis(name, ok=sound, found=found, remedy="" if sound else _RESTORE)
