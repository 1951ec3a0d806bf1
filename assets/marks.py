"""What Dagster is told of each agency-month: that it is entered, and what the checks found.

Marks are made from the ledger, after the data is stored: a run that died before marking is made good by the next.
An agency-month that was refused or never came has no materialisation; a refused one has an observation and a failed
check.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.partitions import agency_month
from warehouse.ledger import lifecycle
from warehouse.ledger.models import DatasetCount, Submission

ASSET = dg.AssetKey("agency_months")
ENTERED = frozenset({lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS})

Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation

#: 檢誤 One result an agency-month: what was found in its newest submission.  Each evaluation names its agency-month,
#: but the check is not declared as partitioned: at each visit of the asset Dagster would reckon the state of all
#: partitions from the beginning, one by one, and it would plan each with the list of all (decision 0008).
FINDINGS = dg.AssetCheckSpec(
    "findings",
    asset=ASSET,
    description="檢誤結果：退件為錯誤，部分資料退件為警告 | What was found in the newest submission: fails where "
    "it was refused (error) or some of its records were (warning)",
)


@dataclass(frozen=True)
class Mark:
    """The newest judged submission of an agency-month.  `read`, `entered`, `refused` are records by dataset.

    `rules` are findings by rule, as far as this run knows them.
    """

    agency_code: str
    month: str
    submission_id: str
    state: str
    fatal: int
    errors: int
    warnings: int
    read: Mapping[str, int] = field(default_factory=dict)
    entered: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_entered(self) -> bool:
        """Whether its records are in the store and count."""
        return self.state in ENTERED


def marks_of(
    session: Session,
    month: str,
    agencies: Collection[str] | None = None,
    rules: Mapping[str, Mapping[str, int]] | None = None,
) -> list[Mark]:
    """The month's marks by agency, of all agencies or of those named; `rules`: submission id → findings by rule."""
    wanted = None if agencies is None else set(agencies)
    shown = ENTERED | {lifecycle.REFUSED, lifecycle.WITHDRAWN}
    judged = select(Submission).where(Submission.month == month, Submission.state.in_(shown))
    newest: dict[str, Submission] = {}
    for one in session.scalars(judged.order_by(Submission.sequence, Submission.received_at, Submission.id)):
        known = newest.get(one.agency_code)
        # What was withdrawn is the state of the month only where nothing else counts.
        behind = known is not None and known.state in ENTERED and one.state == lifecycle.WITHDRAWN
        if one.agency_code and (wanted is None or one.agency_code in wanted) and not behind:
            newest[one.agency_code] = one
    counts: dict[tuple[str, str], list[DatasetCount]] = {}
    for row in session.scalars(select(DatasetCount).where(DatasetCount.month == month)):
        counts.setdefault((row.agency_code, row.submission_id), []).append(row)
    return [
        Mark(
            agency_code=code,
            month=month,
            submission_id=one.id,
            state=one.state,
            fatal=one.fatal,
            errors=one.errors,
            warnings=one.warnings,
            read={row.dataset: row.read for row in counts.get((code, one.id), ())},
            entered={row.dataset: row.entered for row in counts.get((code, one.id), ())},
            refused={row.dataset: row.refused for row in counts.get((code, one.id), ())},
            rules=(rules or {}).get(one.id, {}),
        )
        for code, one in sorted(newest.items())
    ]


def events(marks: Sequence[Mark]) -> Iterator[Event]:
    """Two of each: a materialisation where it is entered, or else an observation, and its check result.

    The first is what the grid shows of an agency-month, and says what the check found.
    """
    for mark in marks:
        yield _materialization(mark) if mark.is_entered else _observation(mark)
        yield _evaluation(mark)


def _materialization(mark: Mark) -> dg.AssetMaterialization:
    rows = {f"{dataset} 筆數": count for dataset, count in mark.entered.items()}
    return dg.AssetMaterialization(
        asset_key=ASSET,
        partition=agency_month(mark.agency_code, mark.month),
        metadata={
            "dagster/row_count": sum(mark.entered.values()),
            **rows,
            "退件筆數 refused": sum(mark.refused.values()),
            **_outcome(mark),
        },
    )


def _observation(mark: Mark) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key=ASSET, partition=agency_month(mark.agency_code, mark.month), metadata=_outcome(mark)
    )


def _outcome(mark: Mark) -> dict[str, Any]:
    return {"檢誤結果 findings": _said(mark), "報送編號 submission": mark.submission_id}


def _evaluation(mark: Mark) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=ASSET,
        check_name=FINDINGS.name,
        partition=agency_month(mark.agency_code, mark.month),
        passed=mark.state == lifecycle.ENTERED,
        severity=dg.AssetCheckSeverity.WARN if mark.is_entered else dg.AssetCheckSeverity.ERROR,
        description=_said(mark),
        metadata={
            "整份退件 fatal": mark.fatal,
            "該筆退件 error": mark.errors,
            "請確認 warning": mark.warnings,
            **mark.rules,
        },
        blocking=False,
    )


def _said(mark: Mark) -> str:
    if mark.state == lifecycle.WITHDRAWN:
        return "已撤回，尚無採計的報送 withdrawn, nothing counts"
    if not mark.is_entered:
        return f"退件 refused: {mark.fatal} fatal"
    if mark.errors:
        return f"入檔，{sum(mark.refused.values())} 筆退件 entered, {sum(mark.refused.values())} records refused"
    return f"入檔，{mark.warnings} 項請確認 entered, {mark.warnings} warnings" if mark.warnings else "入檔 entered"
