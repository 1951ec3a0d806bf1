"""Trials of rules: what one rule, or the whole rule set of today, makes of what is stored.  Nothing is changed.

`preview` tries one rule as though it were in force, `replay` compares the present rules with what was said before.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import polars as pl

from assets.batches import verdict
from assets.judged import Judged, judged_submissions, key_of
from assets.platform import Platform
from assets.reviewing import evaluate_month
from checks.bulk import ACROSS_SUBMISSIONS, CheckedDocument
from checks.catalogue import Period, Rule
from checks.findings import Severity
from checks.rule_set import all_rules
from warehouse.bundle_cache import bring
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission
from warehouse.publish.lock import publishing_alone
from warehouse.reviews.due import changes
from warehouse.reviews.reading import CountedRecords, Place, counted_submissions, open_records
from warehouse.store import REVIEWS, UNKNOWN, file_of

_FIRST, _LAST = "", "9999-12"
#: Seconds to wait for a publisher or a review.
_PATIENCE = 300.0

#: Agency code, month, submission id.
_Key = tuple[str, str, str]
#: Number of findings by rule and severity.
_ByRule = Counter[tuple[str, str]]

Progress = Callable[[int, int], None]


class TrialRefused(ValueError):  # noqa: N818 — says what happened
    """The rule cannot be tried so; the message says why."""


@dataclass(frozen=True, slots=True)
class Failing:
    """An agency-month that fails the rule: its findings, the records that they are of, and those refused only then."""

    agency_code: str
    month: str
    findings: int
    records: int
    refused_more: int


@dataclass(frozen=True)
class Preview:
    """Who would fail a rule.  Of the `agency_months` looked at, `not_evaluated` had not what the rule needs."""

    agency_months: int
    not_evaluated: int
    failing: list[Failing]


@dataclass(frozen=True, slots=True)
class Difference:
    """Findings of a rule that a submission had, and has by the rules of today; `counted`: it is what counts.

    `rule` and `severity` empty: no rule's findings differ in number, but the records refused or warned of do.
    """

    agency_code: str
    month: str
    submission_id: str
    counted: bool
    rule: str
    severity: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class RuleTotal:
    """All findings of a rule as they were and by the rules of today; `differing`: agency-months where they differ."""

    rule: str
    severity: str
    before: int
    now: int
    differing: int


@dataclass(frozen=True)
class Replayed:
    """`reviews_waiting`: rules across submissions were left out, as arrivals wait to be reviewed.

    `totals` are of every rule that has findings, whether or not they differ.  `refused_no_more`: submissions that were
    refused and would not be today; no difference, as only their agencies' handing them in again lets them in.
    """

    submissions: int
    differences: list[Difference]
    reviews_waiting: bool
    totals: list[RuleTotal]
    refused_no_more: int


@dataclass
class _Comparison:
    """What was said before and what is said now, added up while it is compared."""

    differences: list[Difference] = field(default_factory=list)
    before: _ByRule = field(default_factory=Counter)
    now: _ByRule = field(default_factory=Counter)

    def count(self, before: _ByRule, now: _ByRule) -> None:
        """Add what was and is said of a submission to the totals alone."""
        self.before.update(before)
        self.now.update(now)

    def compare(self, at: _Key, before: _ByRule, now: _ByRule, *, counted: bool) -> bool:
        """Compare one submission's findings; whether any rule's differ in number."""
        self.count(before, now)
        found = [
            Difference(*at, counted, *rule, before[rule], now[rule])
            for rule in sorted(before.keys() | now.keys())
            if before[rule] != now[rule]
        ]
        self.differences += found
        return bool(found)

    def totals(self) -> list[RuleTotal]:
        """By rule and severity, in the catalogue's order."""
        differing: dict[tuple[str, str], set[Place]] = defaultdict(set)
        for one in self.differences:
            differing[one.rule, one.severity].add((one.agency_code, one.month))
        return [
            RuleTotal(*rule, self.before[rule], self.now[rule], len(differing[rule]))
            for rule in sorted(self.before.keys() | self.now.keys())
        ]


def preview(
    platform: Platform,
    rule: Rule,
    severity: Severity | None = None,
    *,
    first: str = _FIRST,
    last: str = _LAST,
    on_progress: Progress | None = None,
) -> Preview:
    """The agency-months from `first` to `last` that would fail if the rule were in force in all of them.

    Over what the agency-months count.  `severity` None: the rule's own.  `on_progress` gets the number done and in
    all.  Raises `TrialRefused`.
    """
    severity = severity or rule.severity
    if (rule.severity is Severity.FATAL) is not (severity is Severity.FATAL):
        raise TrialRefused(
            f"{rule.id} 不能試為 {severity}：整份退件的規則不能改為他種，反之亦然 rules that refuse whole documents "
            "cannot be tried as others, nor others as they"
        )
    if rule.id in ACROSS_SUBMISSIONS and severity is not Severity.WARNING:
        raise TrialRefused(f"{rule.id} 於入檔後計算，只能警告 {rule.id} runs after entry and can only warn")
    life = (Period(severity),)
    with reading(platform.engine) as session:
        counted = {place: id_ for place, id_ in counted_submissions(session).items() if first <= place[1] <= last}
    if rule.id in ACROSS_SUBMISSIONS:
        return _preview_across(platform, replace(rule, life=life), counted, on_progress)
    judged = judged_submissions(platform, first, last)
    counting = [one for one in judged.submissions if counted.get((one.agency_code, one.month)) == one.id]
    found, done, unknown = [], 0, 0
    for batch, checked in replace(judged, submissions=counting).recheck(platform, {rule.id: life}):
        for one, result in zip(batch, checked.documents, strict=True):
            failing = _failing(judged, one, result, rule)
            found += [failing] if failing.findings else []
            unknown += rule.id in result.not_evaluated
        done += len(batch)
        if on_progress:
            on_progress(done, len(counting))
    found.sort(key=lambda one: (one.month, one.agency_code))
    return Preview(len(counting), unknown, found)


def replay(
    platform: Platform, *, first: str = _FIRST, last: str = _LAST, on_progress: Progress | None = None
) -> Replayed:
    """Where the rules of today say something else of the submissions of these months than was said of them."""
    judged = judged_submissions(platform, first, last)
    with reading(platform.engine) as session:
        counted = counted_submissions(session)
        waiting = bool(changes(session, counted))
        bring(platform.home, session, _months_of(judged))
    compared = _Comparison()
    done = refused_no_more = 0
    for batch, checked in judged.recheck(platform):
        for one, result in zip(batch, checked.documents, strict=True):
            counts = counted.get((one.agency_code, one.month)) == one.id
            at = (one.agency_code, one.month, one.id)
            before, now = _stored(platform, "findings", at), _by_rule(result.findings)
            if one.fatal and not result.refused:
                refused_no_more += 1
                compared.count(before, now)
            elif not compared.compare(at, before, now, counted=counts) and judged.differs(one, verdict(one, result)):
                compared.differences.append(Difference(*at, counts, "", "", 0, 0))
        done += len(batch)
        if on_progress:
            on_progress(done, len(judged.submissions))
    if not waiting:
        _replay_across(platform, counted, first, last, compared)
    compared.differences.sort(key=lambda one: (one.month, one.agency_code, one.submission_id, one.rule))
    return Replayed(len(judged.submissions), compared.differences, waiting, compared.totals(), refused_no_more)


def _months_of(judged: Judged) -> set[str]:
    return {one.month or UNKNOWN for one in judged.submissions}


def _failing(judged: Judged, one: Submission, result: CheckedDocument, rule: Rule) -> Failing:
    found = result.findings.filter(pl.col("rule") == rule.id)
    refused = sum(counts.refused for counts in result.counts.values())
    refused_before = sum(refused for _, _, refused, _ in judged.counts.get(key_of(one), {}).values())
    return Failing(
        one.agency_code,
        one.month,
        findings=found.height,
        records=found.select("dataset", "index").n_unique(),
        refused_more=max(refused - refused_before, 0),
    )


def _preview_across(
    platform: Platform, rule: Rule, counted: Mapping[Place, str], on_progress: Progress | None
) -> Preview:
    failing, not_evaluated = [], 0
    with _records(platform) as (records, _):
        months = sorted({month for _, month in counted})
        for done, month in enumerate(months):
            submissions = {agency: id_ for (agency, of), id_ in counted.items() if of == month}
            for one in evaluate_month(platform, records, month, submissions, {**all_rules(), rule.id: rule}):
                found = one.findings.filter(pl.col("rule") == rule.id)
                not_evaluated += rule.id in one.not_evaluated
                if found.height:
                    concerned = found.select("dataset", "index").n_unique()
                    failing.append(Failing(one.agency_code, month, found.height, concerned, 0))
            if on_progress:
                on_progress(done + 1, len(months))
    return Preview(len(counted), not_evaluated, failing)


def _replay_across(
    platform: Platform, counted: Mapping[Place, str], first: str, last: str, compared: _Comparison
) -> None:
    with _records(platform) as (records, now_counted):
        for month in sorted({month for _, month in counted if first <= month <= last}):
            submissions = {
                agency: id_
                for (agency, of), id_ in counted.items()
                if of == month and now_counted.get((agency, of)) == id_
            }
            for one in evaluate_month(platform, records, month, submissions):
                at = (one.agency_code, month, one.submission_id)
                compared.compare(at, _stored(platform, REVIEWS, at), _by_rule(one.findings), counted=True)


@contextmanager
def _records(platform: Platform) -> Iterator[tuple[CountedRecords, Mapping[Place, str]]]:
    """The counted records, and what counts, while nobody publishes."""
    with publishing_alone(platform.home, platform.engine, _PATIENCE):
        with reading(platform.engine) as session:
            counted = counted_submissions(session)
        with open_records(platform.home, platform.engine, counted, platform.clock()) as records:
            yield records, counted


def _stored(platform: Platform, dataset: str, at: _Key) -> _ByRule:
    file = file_of(platform.home.store, dataset, *at)
    return _by_rule(pl.read_parquet(file, columns=["rule", "severity"])) if file.exists() else Counter()


def _by_rule(findings: pl.DataFrame) -> _ByRule:
    return Counter(findings.select("rule", "severity").rows())
