"""格式檢核: a document is checked, and everything wrong with it said; nothing is stored, nothing is submitted."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter, to_thread

from assets.closures import closures_of
from assets.error_report import SEVERITIES
from assets.platform import Platform
from checks.bulk import CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import FINDING_SCHEMA
from checks.model.roc import roc_month_text
from checks.rule_set import all_rules
from warehouse.ledger.engine import reading
from warehouse.register.agencies import RegisterAgencies

#: Checked side by side: a check keeps a core busy.
AT_ONCE = 2
#: Findings that a page shows; the rules are counted over all of them.
SHOWN = 500
#: Seconds for which register and closures are remembered: reading 8,300 agencies takes longer than most checks.
_REMEMBERED = 60.0


@dataclass(frozen=True)
class Checked:
    """What a document comes to: `verdict` is `refused`, `entered_in_part` or `ok`; findings worst first, all of them.

    `counts`: dataset → read, entered, refused, warned; `not_evaluated`: rule → why it did not run.
    """

    agency_code: str | None
    month: str | None
    verdict: str
    findings: Sequence[Mapping[str, Any]]
    counts: Mapping[str, tuple[int, int, int, int]]
    not_evaluated: Mapping[str, str]

    @property
    def roc_month(self) -> str | None:
        """`110年6月`; what is no month as it stands."""
        try:
            return roc_month_text(self.month) if self.month else None
        except ValueError:
            return self.month

    @property
    def by_rule(self) -> list[tuple[str, str, str, str, int]]:
        """Each rule that found something: id, severity, title in both languages, how often; the most serious first."""
        rules, order = all_rules(), list(SEVERITIES)
        counted = Counter((one["rule"], one["severity"]) for one in self.findings)
        found = sorted(counted.items(), key=lambda item: (order.index(item[0][1]), -item[1], item[0][0]))
        return [(id_, severity, rules[id_].title, rules[id_].title_en, number) for (id_, severity), number in found]

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
            "not_evaluated": dict(self.not_evaluated),
        }


class FormatCheck:
    """Checks documents as the pipeline would today, for any number of people at once."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._limiter = CapacityLimiter(AT_ONCE)
        self._lock = threading.Lock()
        self._context: tuple[float, CheckContext] | None = None

    async def check(self, data: bytes) -> Checked:
        """Check one document."""
        return await to_thread.run_sync(self._check, data, limiter=self._limiter)

    def _check(self, data: bytes) -> Checked:
        (checked,) = check_documents([SubmittedDocument(data)], self._now()).documents
        return _said(checked)

    def _now(self) -> CheckContext:
        """The register, closures and day of now, or of a minute ago."""
        with self._lock:
            if self._context is None or time.monotonic() - self._context[0] > _REMEMBERED:
                self._context = time.monotonic(), self._read()
            return self._context[1]

    def _read(self) -> CheckContext:
        platform, today = self._platform, self._platform.today()
        with reading(platform.engine) as session:
            agencies = RegisterAgencies(session)
            closures = closures_of(session, [platform.limits.collection_began, f"{today:%Y-%m}"])
        return CheckContext(today, platform.limits, agencies or None, closures=closures)


def _said(checked: CheckedDocument) -> Checked:
    order = list(SEVERITIES)
    findings = sorted(checked.findings.select(*FINDING_SCHEMA).to_dicts(), key=lambda one: order.index(one["severity"]))
    faulty = any(one["severity"] != "warning" for one in findings)
    verdict = "refused" if checked.refused else "entered_in_part" if faulty else "ok"
    counts = {name: tuple(numbers) for name, numbers in checked.counts.items()}
    return Checked(checked.agency_code, checked.month, verdict, findings, counts, checked.not_evaluated)  # type: ignore[arg-type]  # four numbers each
