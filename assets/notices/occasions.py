"""What is to be told, worked out from the ledger as it stands: asked again, it gives the same answers.

Whatever was judged, decided, or comes near its deadline is an occasion; the outbox knows which were told.  Nothing is
written by whoever enters a month, and a sender that was down for a day catches up by itself.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.notices.config import NoticeConfig
from assets.notices.contacts import AGENCY, AUTHORITY, Contacts
from assets.notices.owing import ENTERED, MISSING, REFUSED, WITH_ERRORS, Owing, held, morning_of
from warehouse.deadlines import TAIPEI
from warehouse.ledger import decisions, lifecycle
from warehouse.ledger.base import same_submission
from warehouse.ledger.models import Decision, Submission, Transition
from warehouse.ledger.outbox import DUE_SOON, MAIL, OVERDUE, Telling
from warehouse.months import shifted
from warehouse.publish.known import known_months

DIGEST = "digest"
REFUSED_NOTICE, WITH_ERRORS_NOTICE = "refused", "entered_with_errors"
MENDED, SUPERSEDED, WITHDRAWN = "mended", "superseded", "withdrawn"

#: Every kind, with what it is called, in the order of a month.
KINDS = {
    DUE_SOON: "即將到期 due soon",
    OVERDUE: "逾期未報 overdue",
    REFUSED_NOTICE: "退件 refused",
    WITH_ERRORS_NOTICE: "入檔有誤 entered with errors",
    MENDED: "已更正 mended",
    SUPERSEDED: "已被取代 superseded",
    WITHDRAWN: "已撤回 withdrawn",
    DIGEST: "督導摘要 digest for supervising authorities",
}

#: Months whose last day may be near: the one that has not ended, and those before it.
_CALENDAR_MONTHS = 3
#: Events of months older than so many are the operators' own work (a backfill), of which nobody is told.
_EVENT_MONTHS = 13

_JUDGED = (lifecycle.REFUSED, lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS)
_FAULTY = (lifecycle.REFUSED, lifecycle.ENTERED_WITH_ERRORS)


class Occasions:
    """What is to be told at a moment (`now`, aware); `first_month` is the first that agencies owe, where it is set."""

    def __init__(
        self,
        session: Session,
        owing: Owing,
        config: NoticeConfig,
        now: datetime,
        first_month: str | None = None,
    ) -> None:
        self._session, self._owing, self._config, self._now = session, owing, config, now
        self._since = now - timedelta(days=config.window_days)
        self._this_month = now.astimezone(TAIPEI).strftime("%Y-%m")
        known = known_months(session, first_month, now).owed
        self._months = [month for month in known if month >= shifted(self._this_month, -_CALENDAR_MONTHS)]
        self._to_agencies = [*self._calendar(), *self._judgements(), *self._decisions()]

    def by(self, transport: str, contacts: Contacts) -> list[Telling]:
        """What is to be told that way: mail goes where there are addresses, a webhook is told everything."""
        if transport == MAIL:
            told = contacts.agencies(AGENCY)
            agencies = [one for one in self._to_agencies if one.agency_code in told]
            return [*agencies, *self._digests(sorted(contacts.agencies(AUTHORITY)))]
        authorities = {
            one.authority_code for month in self._months for one in self._owing.register.of_month(month).values()
        }
        return [*self._to_agencies, *self._digests(sorted(code for code in authorities if code))]

    def without_address(self, contacts: Contacts) -> set[str]:
        """The agencies that should be told something and have no address that works."""
        return {one.agency_code for one in self._to_agencies} - contacts.agencies(AGENCY)

    def _calendar(self) -> Iterator[Telling]:
        """Reminders to whoever owes a month and has nothing entered that came after it ended."""
        for month in self._months:
            states = held(self._session, month)
            for agency, until in self._owing.until(month).items():
                if states[agency].state not in (MISSING, REFUSED):
                    continue
                if self._now < until:
                    day, kind = self._newest(until, [-days for days in self._config.due_soon]), DUE_SOON
                else:
                    day, kind = self._newest(until, self._config.overdue), OVERDUE
                if day is not None:
                    yield Telling(kind, agency, month, self._owing.occasion(until, month, day))

    def _newest(self, until: datetime, days: Sequence[int]) -> int | None:
        """The last of these days whose morning has come; None before the first, and long after the last."""
        passed = [day for day in days if morning_of(until, day) <= self._now]
        newest = max(passed, default=None)
        return newest if newest is not None and morning_of(until, newest) >= self._since else None

    def _judgements(self) -> Iterator[Telling]:
        """Of each agency-month the newest judgement alone: what was mended before anybody was told need not be told."""
        judged = (
            select(
                Transition.id,
                Transition.agency_code,
                Transition.month,
                Transition.to_state,
                Transition.at,
                Submission.supersedes,
            )
            .join(Submission, same_submission(Submission, Transition))
            .where(
                Transition.from_state == lifecycle.RECEIVED,
                Transition.to_state.in_(_JUDGED),
                Transition.month.in_(self._months_judged()),
                Transition.at <= self._now,
            )
            .order_by(Transition.id)
        )
        newest: dict[tuple[str, str], tuple[int, datetime, str | None]] = {}
        for id_, agency, month, state, at, supersedes in self._session.execute(judged):
            before = newest.get((agency, month))
            newest[agency, month] = id_, at, _kind(state, before[2] if before else None, supersedes)
        for (agency, month), (id_, at, kind) in newest.items():
            if (
                at >= self._since
                and kind is not None
                and kind in KINDS
                and self._owing.register.in_force(agency, month)
            ):
                yield Telling(kind, agency, month, f"transition {id_}")

    def _months_judged(self) -> list[str]:
        recent = select(Transition.month).where(
            Transition.at >= self._since, Transition.month >= shifted(self._this_month, -_EVENT_MONTHS)
        )
        return list(self._session.scalars(recent.distinct()))

    def _decisions(self) -> Iterator[Telling]:
        kinds = {decisions.WITHDRAWN: WITHDRAWN, decisions.REVERTED: SUPERSEDED}
        decided = select(Decision).where(
            Decision.at.between(self._since, self._now), Decision.month >= shifted(self._this_month, -_EVENT_MONTHS)
        )
        for one in self._session.scalars(decided.order_by(Decision.id)):
            yield Telling(kinds[one.kind], one.agency_code, one.month, f"decision {one.id}")

    def _digests(self, authorities: Sequence[str]) -> Iterator[Telling]:
        for month in self._months:
            for authority in authorities:
                untils = self._owing.below(authority, month).values()
                day = self._newest(min(untils), self._config.digests) if untils else None
                if day is not None:
                    yield Telling(DIGEST, authority, month, f"day {day:+d}")


def _kind(state: str, before: str | None, supersedes: str | None) -> str | None:
    """What a judgement is to the agency: `before` is the kind of the one before it.  None where its receipt says all.

    What is not a notice but tells the next one something is given by the names of `owing`'s states.
    """
    if state in _FAULTY:
        return state
    if before in (REFUSED, WITH_ERRORS):
        return MENDED
    return SUPERSEDED if supersedes else ENTERED
