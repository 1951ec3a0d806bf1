"""Removing what the object store holds for nobody: bundles that the ledger does not name, halves of uploads."""

from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from warehouse.bundles import is_bundle
from warehouse.files import Listed, ObjectStore
from warehouse.home import Home
from warehouse.ledger.bundles import bundles_of
from warehouse.ledger.engine import reading
from warehouse.publish.lock import PublishingBusy, rebuilding_alone

#: Younger ones may be recorded yet: a run records a batch at once, and a rebuild, which takes its time, holds a lock.
SETTLED = timedelta(days=1)


def unrecorded_bundles(objects: ObjectStore, session: Session) -> list[Listed]:
    """The bundles on the object store that the ledger does not name."""
    named = {name for names in bundles_of(session).values() for name in names}
    return [one for one in objects.files("store").listed() if is_bundle(one.name) and one.name not in named]


def sweep(home: Home, engine: Engine, now: datetime, grace: timedelta) -> None:
    """Remove what is older than a day and than twice the grace; bundles only while nobody rebuilds."""
    if home.objects is None:
        return
    before = now - max(SETTLED, 2 * grace)
    for folder in ("store", "published"):
        home.objects.files(folder).sweep(before)
    try:
        with rebuilding_alone(home, engine, 0):
            with reading(engine) as session:
                found = unrecorded_bundles(home.objects, session)
            files = home.objects.files("store")
            for one in found:
                if one.modified < before:
                    files.remove(one.name)
    except PublishingBusy:
        return
