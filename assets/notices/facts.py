"""What is so when a notice goes out: numbers, rules, dates and offices; nothing in it is about a person.

`facts_of` gives None where there is nothing to tell any more: the month was handed in, a later document was judged.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.notices import occasions
from assets.notices.owing import ENTERED, MISSING, REFUSED, WITH_ERRORS, Owing, held, last_day
from assets.platform import Platform
from checks.rule_set import all_rules
from warehouse.deadlines import TAIPEI
from warehouse.ledger import lifecycle
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.ledger.models import Decision, Transition
from warehouse.ledger.outbox import DUE_SOON, OVERDUE, Telling
from warehouse.receipts import Receipt, history, receipt
from warehouse.store import file_of

#: Rules that a notice names; the others are in the error report.
_RULES = 5

#: States of a digest's lines, those first that a supervising authority has to ask about.
_TO_ASK = (MISSING, REFUSED, WITH_ERRORS)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule with the number of findings that a document has of it."""

    rule: str
    title: str
    title_en: str
    findings: int


@dataclass(frozen=True, slots=True)
class Line:
    """An agency in a digest."""

    agency_code: str
    agency_name: str
    state: str
    received_at: datetime | None
    errors: int
    warnings: int
    late: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice says; moments are in Taipei.

    `days` to the last day (negative: past it); `submission` the document that it is about, `before` the one that it
    replaced; `lines` and `totals` (state → agencies) are a digest's.
    """

    kind: str
    agency_code: str
    agency_name: str
    month: str
    until: datetime
    days: int
    submission: Receipt | None = None
    before: Receipt | None = None
    refused: Receipt | None = None
    rules: Sequence[RuleCount] = ()
    lines: Sequence[Line] = ()
    totals: dict[str, int] = field(default_factory=dict)


class Known:
    """The ledger as one session sees it, asked for the facts of any number of notices."""

    def __init__(self, platform: Platform, session: Session, owing: Owing, now: datetime) -> None:
        self._platform, self._session, self._owing, self._now = platform, session, owing, now

    def facts_of(self, telling: Telling) -> Facts | None:
        """The facts of a notice; None where it is overtaken."""
        if telling.kind == occasions.DIGEST:
            return self._digest(telling)
        if telling.kind in (DUE_SOON, OVERDUE):
            return self._reminder(telling)
        number = int(telling.occasion.rpartition(" ")[2])
        if telling.occasion.startswith("decision"):
            return self._decided(telling, number)
        return self._judged(telling, number)

    def _facts(self, telling: Telling, until: datetime | None = None, **more: object) -> Facts:
        until = (until or self._owing.deadline(telling.agency_code, telling.month)).astimezone(TAIPEI)
        days = (last_day(until) - self._now.astimezone(TAIPEI).date()).days
        name = self._owing.name(telling.agency_code)
        return Facts(telling.kind, telling.agency_code, name, telling.month, until, days, **more)  # type: ignore[arg-type]

    def _reminder(self, telling: Telling) -> Facts | None:
        until = self._owing.until(telling.month).get(telling.agency_code)
        received = history(self._session, telling.agency_code, telling.month, self._owing.duties)
        entered = any(
            one.state in (lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS) and one.on_time is not None
            for one in received
        )
        soon = telling.kind == DUE_SOON
        if until is None or entered or soon != (self._now < until):
            return None
        refused = [one for one in received if one.state == lifecycle.REFUSED]
        return self._facts(telling, until, refused=refused[-1] if refused else None)

    def _judged(self, telling: Telling, number: int) -> Facts | None:
        change = self._session.get(Transition, number)
        of_it = (
            Transition.agency_code == telling.agency_code,
            Transition.month == telling.month,
            Transition.at <= self._now,
        )
        later = select(func.max(Transition.id)).where(*of_it, Transition.from_state == lifecycle.RECEIVED)
        if change is None or self._session.scalar(later) != number:
            return None
        one = receipt(
            self._session, SubmissionKey(change.submission_id, telling.agency_code, telling.month), self._owing.duties
        )
        if one is None or one.state not in (*_TO_ASK, ENTERED):
            return None
        return self._facts(telling, submission=one, before=self._before(one), rules=self._rules(one))

    def _decided(self, telling: Telling, number: int) -> Facts | None:
        decision = self._session.get(Decision, number)
        if decision is None:
            return None
        received = {
            one.submission_id: one
            for one in history(self._session, telling.agency_code, telling.month, self._owing.duties)
        }
        now, before = (received.get(id_ or "") for id_ in (decision.to_submission, decision.from_submission))
        if now is not None and now.state not in (ENTERED, WITH_ERRORS):
            return None
        return self._facts(telling, submission=now, before=before)

    def _before(self, one: Receipt) -> Receipt | None:
        if one.supersedes is None:
            return None
        return receipt(self._session, SubmissionKey(one.supersedes, one.agency_code, one.month), self._owing.duties)

    def _rules(self, one: Receipt) -> list[RuleCount]:
        """The rules that refused most, of the document or its records."""
        file = file_of(self._platform.home.store, "findings", one.agency_code, one.month, one.submission_id)
        if not file.is_file():
            return []
        found = pl.read_parquet(file, columns=["rule", "severity"]).filter(pl.col("severity") != "warning")
        counted = Counter(found["rule"].to_list()).most_common(_RULES)
        known = all_rules()
        return [RuleCount(rule, known[rule].title, known[rule].title_en, number) for rule, number in counted]

    def _digest(self, telling: Telling) -> Facts | None:
        untils = self._owing.below(telling.agency_code, telling.month)
        states = held(self._session, telling.month)
        if not untils:
            return None
        lines = [
            Line(
                code,
                self._owing.name(code),
                states[code].state,
                at.astimezone(TAIPEI) if (at := states[code].received_at) else None,
                states[code].errors,
                states[code].warnings,
                states[code].state in (MISSING, REFUSED) and self._now >= until,
            )
            for code, until in untils.items()
        ]
        order = {state: place for place, state in enumerate((*_TO_ASK, ENTERED))}
        lines.sort(key=lambda line: (order[line.state], line.agency_code))
        totals = Counter(line.state for line in lines)
        return self._facts(telling, min(untils.values()), lines=lines, totals={state: totals[state] for state in order})
