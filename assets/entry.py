"""Stage 3, entry (入檔): what landed is checked and stored, and Dagster's grid shows which agency has which month.

One run takes hundreds of agency-months and does the work in bulk, month by month; a run for each would take a day
in process starts alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy import select

from assets.landing import submissions_landed
from assets.marks import ASSET, FINDINGS, Mark, events, marks_of
from assets.partitions import AGENCIES, AGENCY_MONTHS, BY_MONTH, MONTHS
from assets.platform import Platform
from assets.telling import reckon_grid, remember, say, tell
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission

if TYPE_CHECKING:
    from assets.entering import AgencyOutcome

#: 帳務相符 Records read = entered + refused, in the ledger as in what was stored.
ACCOUNTED = dg.AssetCheckSpec(
    "records_accounted_for",
    asset=ASSET,
    blocking=True,
    description="讀入筆數 = 入檔筆數 + 退件筆數 | Records read = entered + refused, for each dataset and submission; "
    "a difference is a fault of ours and stops what follows",
)


#: Agency-months in one run of a backfill, so that several workers can take shares of a national month.
AT_ONCE = 1_000


@dataclass(frozen=True)
class Entry:
    """What a run entered of one month: what it judged, and the mark of each agency-month it touched."""

    month: str
    outcomes: "Sequence[AgencyOutcome]"
    marks: Sequence[Mark]


def enter_month(platform: Platform, month: str, agencies: Collection[str] | None = None) -> Entry:
    """Enter what waits of the month, of all agencies or of those named; raises as `enter` does."""
    from assets.entering import enter

    entered = enter(platform, month, agencies)
    rules = {one.submission_id: one.top_rules for one in entered.outcomes}
    touched = {one.agency_code for one in entered.outcomes if one.month == month}
    with reading(platform.engine) as session:
        marks = marks_of(session, month, touched | set(agencies or ()), rules)
    return Entry(month, entered.outcomes, marks)


def months_outside(platform: Platform) -> list[str]:
    """Months that something waits for and that are no partition: too early, or in the future.

    What was handed in for them is refused by the checks (F012) all the same, so somebody must run them.
    """
    waiting = select(Submission.month).where(Submission.state == lifecycle.RECEIVED, Submission.month != "").distinct()
    with reading(platform.engine) as session:
        months = set(session.scalars(waiting))
    return sorted(months - set(MONTHS.get_partition_keys()))


def not_accounted_for(entries: Iterable[Entry]) -> list[str]:
    """The agency-months whose records do not add up, in the ledger or against what was stored."""
    wrong = []
    for entry in entries:
        stored = {one.submission_id: one.rows for one in entry.outcomes}
        for mark in entry.marks:
            adds_up = all(mark.read[name] == mark.entered[name] + mark.refused[name] for name in mark.read)
            as_stored = stored.get(mark.submission_id, mark.entered) == mark.entered
            if not (adds_up and as_stored):
                wrong.append(f"{mark.agency_code} {mark.month}")
    return wrong


def accounting(entries: Sequence[Entry]) -> dg.AssetCheckEvaluation:
    """The result of the blocking check over everything that a run entered."""
    wrong = not_accounted_for(entries)
    marks = [mark for entry in entries for mark in entry.marks]
    return dg.AssetCheckEvaluation(
        asset_key=ASSET,
        check_name=ACCOUNTED.name,
        passed=not wrong,
        blocking=True,
        metadata={
            "機關月 agency-months": len(marks),
            "讀入 read": sum(sum(mark.read.values()) for mark in marks),
            "入檔 entered": sum(sum(mark.entered.values()) for mark in marks),
            "退件 refused": sum(sum(mark.refused.values()) for mark in marks),
            "不符 wrong": wrong[:100],
        },
    )


def known(instance: dg.DagsterInstance, marks: Iterable[Mark]) -> list[Mark]:
    """Those of agencies that are partitions; a document may name an agency that does not exist."""
    agencies = set(instance.get_dynamic_partitions(str(AGENCIES.name)))
    return [mark for mark in marks if mark.agency_code in agencies]


@dg.multi_asset(
    name="agency_months",
    specs=[
        dg.AssetSpec(
            ASSET,
            deps=[dg.AssetDep(submissions_landed, partition_mapping=BY_MONTH)],
            partitions_def=AGENCY_MONTHS,
            skippable=True,
            group_name="entry",
            kinds={"python", "polars", "parquet"},
            description="入檔：各機關各月的報送經檢誤後入檔；未報送與退件者不標示為完成\n\n"
            "Each agency's month, checked and stored as Parquet. One run takes hundreds of them; what is missing "
            "or was refused is not marked as materialised. Backfill late months here.",
        )
    ],
    check_specs=[FINDINGS, ACCOUNTED],
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=AT_ONCE),
    can_subset=True,
)
def agency_months(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Enter the agency-months of this run."""
    chosen: defaultdict[str, set[str]] = defaultdict(set)
    for key in context.partition_keys:
        dimensions = key.keys_by_dimension if isinstance(key, dg.MultiPartitionKey) else {}
        chosen[dimensions["month"]].add(dimensions["agency"])
    entries = [enter_month(platform, month, agencies) for month, agencies in sorted(chosen.items())]
    for entry in entries:
        tell(context, events(entry.marks))
        remember(context.instance, entry.month, entry.marks)
    reckon_grid(context.instance)
    result = accounting(entries)
    say(context, result)
    if not result.passed:
        raise dg.Failure(f"筆數不符 records do not add up: {', '.join(not_accounted_for(entries)[:10])}")
    yield from ()
