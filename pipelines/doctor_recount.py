"""What the doctor recounts: a sample of agency-months from landing, another each day, compared row for row."""

from collections.abc import Iterator
from random import Random

from sqlalchemy import Engine

from assets.recount import Recounted, counted, recount
from pipelines.resources import now, platform_over
from pipelines.settings import Settings, SettingsError
from warehouse.deadlines import TAIPEI
from warehouse.diagnosis import REBUILD, RESTORE, Advance, Diagnosis, some
from warehouse.doctor import unpublished
from warehouse.landing import NotLanded
from warehouse.ledger.engine import reading
from warehouse.sealed import Keyring, UnknownKey
from warehouse.store import mark_of

#: Agency-months that are recounted unless all are asked for.
SAMPLE = 20
_NAME = "重算 recount"


def recount_sample(
    settings: Settings, engine: Engine, ring: Keyring, advance: Advance, sample: int | None
) -> Iterator[Diagnosis]:
    """Whether they are what their documents make them; nothing where nothing was entered yet."""
    platform = platform_over(settings, engine, ring, actor="doctor")
    every = counted(platform)
    if not every or mark_of(settings.place.store, settings.place.bundles) is None:
        return
    day = now().astimezone(TAIPEI).date()
    chosen = every if sample is None else Random(day.toordinal()).sample(every, min(sample, len(every)))  # noqa: S311
    with reading(engine) as session:
        late = unpublished(settings.place, session)
    try:
        recounted = recount(platform, chosen, late, advance)
    except SettingsError as error:
        yield Diagnosis(_NAME, ok=False, found=str(error), remedy="請還原密鑰 restore the key")
    except (NotLanded, UnknownKey, OSError) as error:
        found = f"收檔區無法讀取，未能重算 landing cannot be read: {type(error).__name__}"
        yield Diagnosis(_NAME, ok=False, found=found, remedy=RESTORE)
    else:
        yield _said(recounted, len(every))


def _said(recounted: Recounted, every: int) -> Diagnosis:
    compared = f"{recounted.agency_months:,}/{every:,} 個機關年月 agency-months"
    if wrong := recounted.differences:
        listed = some(map(str, wrong))
        found = f"{compared}，{len(wrong):,} 處與原始檔不符 are not what their documents make them: {listed}"
        return Diagnosis(_NAME, ok=False, found=found, remedy=REBUILD)
    left = f"；{recounted.older:,} 個依舊規則檢核而不同 differ under the rules of today: attendance rules replay"
    said = f"{compared}，逐筆相符 alike row for row{left if recounted.older else ''}"
    return Diagnosis(_NAME, ok=True, found=said)
