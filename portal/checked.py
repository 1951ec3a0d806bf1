"""What a document comes to, as pages and interface tell it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets.error_report import SEVERITIES
from checks.rule_set import all_rules


@dataclass(frozen=True)
class Checked:
    """What a document comes to: `verdict` is `refused`, `entered_in_part` or `ok`; findings worst first.

    `unlisted`: rule → how many more there are than in `findings`, of a document of faults alone; None where `findings`
    may be the first of more, and nobody counted.  `counts`: dataset → read, entered, refused, warned; `not_evaluated`:
    rule → why it did not run.
    """

    agency_code: str | None
    month: str | None
    verdict: str
    findings: Sequence[Mapping[str, Any]]
    counts: Mapping[str, Sequence[int]]
    not_evaluated: Mapping[str, str]
    unlisted: Mapping[str, int] | None

    @classmethod
    def of(
        cls,
        agency_code: str | None,
        month: str | None,
        findings: Sequence[Mapping[str, Any]],
        counts: Mapping[str, Sequence[int]],
        not_evaluated: Mapping[str, str],
        unlisted: Mapping[str, int] | None,
    ) -> "Checked":
        """What findings come to, in whatever order they are."""
        order = list(SEVERITIES)
        worst_first = sorted(findings, key=lambda one: order.index(one["severity"]))
        severities = {one["severity"] for one in findings}
        verdict = "refused" if "fatal" in severities else "entered_in_part" if "error" in severities else "ok"
        return cls(agency_code, month, verdict, worst_first, counts, not_evaluated, unlisted)

    @property
    def by_rule(self) -> list[tuple[str, str, str, str, int]]:
        """Each rule that found something: id, severity, title in both languages, how often; the most serious first.

        At least so often where `unlisted` is None.
        """
        rules, order = all_rules(), list(SEVERITIES)
        counted = Counter((one["rule"], one["severity"]) for one in self.findings)
        for rule, number in (self.unlisted or {}).items():
            counted[rule, rules[rule].severity.value] += number
        found = sorted(counted.items(), key=lambda item: (order.index(item[0][1]), -item[1], item[0][0]))
        return [(id_, severity, rules[id_].title, rules[id_].title_en, number) for (id_, severity), number in found]

    @property
    def total(self) -> int:
        """How many findings there are; at least so many where `unlisted` is None."""
        return len(self.findings) + sum((self.unlisted or {}).values())

    @property
    def unasked(self) -> dict[str, list[str]]:
        """Why a rule was not evaluated → those rules."""
        reasons: dict[str, list[str]] = {}
        for rule, why in self.not_evaluated.items():
            reasons.setdefault(why, []).append(rule)
        return reasons

    def as_json(self) -> dict[str, Any]:
        """The answer of the API."""
        names = ("read", "entered", "refused", "warned")
        return {
            "submitted": False,
            "verdict": self.verdict,
            "agency_code": self.agency_code,
            "month": self.month,
            "counts": {dataset: dict(zip(names, numbers, strict=True)) for dataset, numbers in self.counts.items()},
            "findings": list(self.findings),
            "total": self.total,
            "by_rule": {rule: number for rule, _, _, _, number in self.by_rule},
            "not_evaluated": dict(self.not_evaluated),
        }
