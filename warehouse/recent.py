"""What changed between two moments of what agencies owe: what came in, was corrected, refused, taken back or granted.

From the ledger's own rows; what went overdue meanwhile is of the look itself (`lateness.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.deadlines import TAIPEI
from warehouse.duties.grants import all_grants
from warehouse.ledger import lifecycle
from warehouse.ledger.models import Transition

CAME, CORRECTED, REFUSED, WITHDRAWN = "came", "corrected", "refused", "withdrawn"
UNGRANTED = "ungranted"

_ENTERED = (lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS)
_TOLD = (*_ENTERED, lifecycle.REFUSED, lifecycle.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an agency's month: `kind` as above, or `exemption` or `extension`; `at` in Taipei.

    Of a grant, `agency_code` is whom it was given to and `month` the first that it is about.
    """

    kind: str
    agency_code: str
    month: str
    at: datetime


def events_between(session: Session, months: Collection[str], after: datetime, until: datetime) -> list[Event]:
    """What happened to these months after the one moment and by the other (aware), in its order.

    Of an agency-month that was judged more than once only the last is told.
    """
    of_months = select(Transition).where(Transition.month.in_(months), Transition.to_state.in_(_TOLD))
    told = list(session.scalars(of_months.where(Transition.at > after, Transition.at <= until).order_by(Transition.id)))
    newest = {(row.agency_code, row.month): row for row in told if row.agency_code}
    before = _entered_before(session, {row.month for row in told}, after)
    events = [
        Event(_kind(row.to_state, place in before), *place, row.at.astimezone(TAIPEI)) for place, row in newest.items()
    ]
    for grant in all_grants(session):
        if any(grant.touches(month) for month in months):
            place = grant.code, grant.first_month
            if after < grant.at <= until:
                events.append(Event(grant.kind, *place, grant.at.astimezone(TAIPEI)))
            if grant.withdrawn_at is not None and after < grant.withdrawn_at <= until:
                events.append(Event(UNGRANTED, *place, grant.withdrawn_at.astimezone(TAIPEI)))
    return sorted(events, key=lambda one: (one.at, one.agency_code, one.month))


def _entered_before(session: Session, months: Collection[str], moment: datetime) -> set[tuple[str, str]]:
    query = select(Transition.agency_code, Transition.month).where(
        Transition.month.in_(months), Transition.to_state.in_(_ENTERED), Transition.at <= moment
    )
    return {(code, month) for code, month in session.execute(query.distinct())}


def _kind(state: str, known: bool) -> str:
    if state in _ENTERED:
        return CORRECTED if known else CAME
    return REFUSED if state == lifecycle.REFUSED else WITHDRAWN
