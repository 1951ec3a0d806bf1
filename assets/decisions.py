"""Withdrawing and reverting (撤回、回復), followed by what hangs on it: reviews, and the months that readers see."""

from dataclasses import dataclass

from assets.platform import Platform
from assets.publishing import publish_now
from assets.reviewing import review
from warehouse.ledger import decisions
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Decision


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided: `before` and `after` are ids of what counted and counts; `published` the months made anew."""

    agency_code: str
    month: str
    kind: str
    before: str | None
    after: str | None
    published: tuple[str, ...]


def withdraw(platform: Platform, agency_code: str, month: str, reason: str) -> Decided:
    """Have the agency-month count nothing, and publish.

    Raises `warehouse.ledger.decisions.DecisionRefused`, and what publishing raises: the decision stands then, and the
    next run publishes it.
    """
    with writing(platform.engine) as session:
        decision = decisions.withdraw(
            session, agency_code, month, reason=reason, actor=platform.actor, at=platform.clock()
        )
        said = _said(decision)
    return _publish(platform, *said)


def revert(platform: Platform, agency_code: str, month: str, to: str, reason: str) -> Decided:
    """Have an earlier accepted submission (its id or the id's beginning) count again, and publish; raises likewise."""
    with writing(platform.engine) as session:
        decision = decisions.revert(
            session, agency_code, month, to, reason=reason, actor=platform.actor, at=platform.clock()
        )
        said = _said(decision)
    return _publish(platform, *said)


def _said(one: Decision) -> tuple[str, str, str, str | None, str | None]:
    return one.agency_code, one.month, one.kind, one.from_submission, one.to_submission


def _publish(
    platform: Platform, agency_code: str, month: str, kind: str, before: str | None, after: str | None
) -> Decided:
    months = sorted({month, *review(platform).months})
    publish_now(platform, months)
    return Decided(agency_code, month, kind, before, after, tuple(months))
