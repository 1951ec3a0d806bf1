"""Submissions that were judged, checked again under the circumstances of then: by rebuilding, and by trials of rules.

The rules decide again; what was let in is not asked again about register, limits and calendar of today.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from assets.batches import Verdict, batches, read_batch
from assets.platform import Platform
from assets.working_days import WorkingDays, load_working_days, working_day_moments
from checks.bulk import BatchResult, check_documents
from checks.catalogue import Period
from checks.context import CheckContext
from checks.limits import Limits
from checks.model.agency_kinds import Staffing
from warehouse.deadlines import TAIPEI
from warehouse.ledger.engine import reading
from warehouse.ledger.judgements import OUTCOMES
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.ledger.models import DatasetCount, PastJudgement, Submission, Transition
from warehouse.ledger.retirements import first_open_month
from warehouse.register import RegisterAgencies

#: Nothing is over these limits, nor in this day's future: what was let in is not refused for them now.
_NO_LIMITS = Limits(max_bytes=1 << 62, max_depth=1 << 10, max_records=1 << 62, collection_began="0001-01")
_LAST_DAY = date(9999, 12, 31)
#: The least that moments differ by.
_A_MOMENT = timedelta(microseconds=1)

Counts = dict[str, tuple[int, int, int, int]]


@dataclass(frozen=True)
class _LetIn:
    """The register for what was let in: how an agency's staff works, but not whether it is in force."""

    register: RegisterAgencies

    def in_force(self, agency_code: str, month: str) -> bool:  # noqa: ARG002 — a `checks.context.AgencyLookup`
        """Whatever was let in was."""
        return True

    def staffing(self, agency_code: str, month: str) -> Staffing:
        """What the register states of its staff."""
        return self.register.staffing(agency_code, month)


@dataclass(frozen=True)
class Judged:
    """The submissions that the ledger has a result of, in order of month, agency and id, with their counts.

    `counts`: read, entered, refused, warned by dataset.  `judged_at`: when each was last judged.
    """

    submissions: list[Submission]
    counts: Mapping[SubmissionKey, Counts] = field(repr=False)
    judged_at: Mapping[SubmissionKey, datetime] = field(repr=False)
    _register: RegisterAgencies = field(repr=False)

    def recheck(
        self, platform: Platform, lives: Mapping[str, tuple[Period, ...]] | None = None, *, anew: bool = True
    ) -> Iterator[tuple[list[Submission], BatchResult]]:
        """Check all of them again, batch by batch; `lives` as in `CheckContext`.

        With the office days and closures that are known now, or not `anew`: with those that were known when each was
        judged.  Raises what `Landing.read` does.
        """
        for context, submissions in self.by_circumstances(platform, anew=anew):
            here = replace(context, lives=lives or {})
            for batch in batches(submissions):
                yield batch, check_documents(read_batch(platform.landing, batch), here)

    def differs(self, one: Submission, now: Verdict) -> bool:
        """Whether a document comes out otherwise than the ledger says; what was refused was refused for its time."""
        if one.fatal:
            return False
        counts = _of_some({name: tuple(counts) for name, counts in now.counts.items()})
        numbers = (now.errors, now.warnings)
        before = _of_some(self.counts.get(key_of(one), {}))
        return now.refused or counts != before or numbers != (one.errors, one.warnings)

    def by_circumstances(self, platform: Platform, *, anew: bool) -> Iterator[tuple[CheckContext, list[Submission]]]:
        """The submissions that were let in, checked by rules alone; then those refused, by the day of their refusal."""
        limits = platform.limit_tables.overtime_limits
        accepted = [one for one in self.submissions if not one.fatal]
        for days, submissions in self._by_working_days(platform, accepted, anew=anew):
            let_in = CheckContext(
                _LAST_DAY, _NO_LIMITS, _LetIn(self._register), overtime_limits=limits, **days._asdict()
            )
            yield let_in, submissions
        refused = [one for one in self.submissions if one.fatal]

        def day(one: Submission) -> date:
            return self.judged_at[key_of(one)].astimezone(TAIPEI).date()

        for today, of_day in groupby(sorted(refused, key=day), key=day):
            yield CheckContext(today, platform.limits, self._register or None, overtime_limits=limits), list(of_day)

    def _by_working_days(
        self, platform: Platform, submissions: list[Submission], *, anew: bool
    ) -> Iterator[tuple[WorkingDays, list[Submission]]]:
        """The submissions with the days that were known of: as many parts as times that something was said of them."""
        months = {one.month for one in submissions}
        with reading(platform.engine) as session:
            moments = [] if anew else working_day_moments(session)

            def known(one: Submission) -> int:
                return bisect_right(moments, self.judged_at[key_of(one)])

            for number, part in groupby(sorted(submissions, key=known), key=known):
                at = None if number == len(moments) else moments[number] - _A_MOMENT
                yield load_working_days(session, months, at), list(part)


def _of_some(counts: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Counts of datasets that hold records: of one that the format gained since then the ledger has no row."""
    return {name: numbers for name, numbers in counts.items() if any(numbers)}


def judged_submissions(
    platform: Platform, first: str = "", last: str = "9999-12", only: Collection[str] | None = None
) -> Judged:
    """What the ledger has judged of the months from `first` to `last` (`YYYY-MM`, both included).

    `only`: the submissions of these ids, some hundred at most.

    Of retired years nothing: there are no documents any more to be checked again.
    """
    with reading(platform.engine) as session:
        opened = first_open_month(session)
        first = max(first, opened)
        of_these: ColumnElement[bool] = Submission.month.between(first, last)
        if opened:  # and documents that name no month, by when they came
            since = datetime(int(opened[:4]), 1, 1, tzinfo=TAIPEI)
            of_these |= (Submission.month == "") & (Submission.first_received_at >= since)
        chosen = [] if only is None else [Submission.id.in_(only)]
        submissions = session.scalars(
            select(Submission)
            .where(Submission.rule_set.is_not(None), of_these, *chosen)
            .order_by(Submission.month, Submission.agency_code, Submission.id)
        ).all()
        counts: dict[SubmissionKey, Counts] = {}
        for row in session.scalars(
            select(DatasetCount).where(DatasetCount.month.between(first, last), *_of(DatasetCount, only))
        ):
            key = SubmissionKey(row.submission_id, row.agency_code, row.month)
            counts.setdefault(key, {})[row.dataset] = (row.read, row.entered, row.refused, row.warned)
        return Judged(list(submissions), counts, _judged_at(session, first, last, only), RegisterAgencies(session))


def _of(
    model: type[DatasetCount | Transition | PastJudgement], only: Collection[str] | None
) -> list[ColumnElement[bool]]:
    return [] if only is None else [model.submission_id.in_(only)]


def _judged_at(session: Session, first: str, last: str, only: Collection[str] | None) -> dict[SubmissionKey, datetime]:
    """When each was judged: its last result, or judged anew under other rules."""
    results = select(Transition.submission_id, Transition.agency_code, Transition.month, func.max(Transition.at)).where(
        Transition.to_state.in_(OUTCOMES),
        Transition.month.between(first, last) | (Transition.month == ""),
        *_of(Transition, only),
    )
    past = select(
        PastJudgement.submission_id, PastJudgement.agency_code, PastJudgement.month, func.max(PastJudgement.until)
    ).where(PastJudgement.month.between(first, last), *_of(PastJudgement, only))
    judged_at: dict[SubmissionKey, datetime] = {}
    for query, model in ((results, Transition), (past, PastJudgement)):
        for id_, agency, month, at in session.execute(
            query.group_by(model.submission_id, model.agency_code, model.month)
        ):
            key = SubmissionKey(id_, agency, month)
            judged_at[key] = max(at, judged_at.get(key, at))
    return judged_at


def key_of(one: Submission) -> SubmissionKey:
    """What identifies it."""
    return SubmissionKey(one.id, one.agency_code, one.month)
