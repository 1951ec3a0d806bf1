"""Granting and withdrawing (核准免報、展延): written to the ledger, and the months that it changes published anew."""

from dataclasses import dataclass, replace

from assets.platform import Platform
from assets.publishing import publish_now
from assets.words_of_people import without_people
from warehouse.duties import calendar_of
from warehouse.duties.grants import Granted, Standing, grant, withdraw_grant
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.granted import DutyGrant


@dataclass(frozen=True, slots=True)
class GrantDone:
    """A grant as it stands now, and the months whose reports were made anew for it."""

    grant: Standing
    published: tuple[str, ...]


def give(platform: Platform, wanted: Granted) -> GrantDone:
    """Grant an exemption or extension, and publish the months that are due otherwise now.

    Raises `warehouse.duties.grants.GrantRefused`, `assets.words_of_people.NamesSomebody`, and what publishing raises:
    the grant stands then, and whatever publishes next takes it in.
    """
    place = wanted.code, wanted.first_month
    said = replace(
        wanted,
        reason=without_people(platform, *place, wanted.reason),
        granted_by=without_people(platform, *place, wanted.granted_by),
    )
    with writing(platform.engine) as session:
        done = grant(session, said, calendar_of(platform.home), actor=platform.actor, at=platform.clock())
    return GrantDone(done, _published(platform))


def take_back(platform: Platform, id_: int, reason: str) -> GrantDone:
    """Withdraw a grant, and publish likewise; raises likewise."""
    with reading(platform.engine) as session:
        row = session.get(DutyGrant, id_)
    said = without_people(platform, row.code, row.first_month, reason) if row else reason
    with writing(platform.engine) as session:
        done = withdraw_grant(session, id_, reason=said, actor=platform.actor, at=platform.clock())
    return GrantDone(done, _published(platform))


def _published(platform: Platform) -> tuple[str, ...]:
    """Publish what is others now; before anything was ever published there is nothing to make anew."""
    return publish_now(platform, ()).periods if platform.home.warehouse.exists() else ()
