"""Stage 3b, reviews (跨檔檢核): the asset over `assets.reviewing`."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.marks import ASSET
from assets.partitions import BY_MONTH, MONTHS
from assets.platform import Platform

if TYPE_CHECKING:
    from assets.reviewing import Reviews

_MOST_SHOWN = 100


def shown(done: "Reviews") -> dict[str, Any]:
    """What Dagster shows of a review."""
    moved = sorted(f"{agency} {month}" for agency, month in done.moved)
    return {
        "異動 changed": done.changed,
        "檢核 looked at": len(done.looked_at),
        "結果改變 answers that are others now": len(moved),
        "機關月 agency-months": moved[:_MOST_SHOWN],
    }


@dg.asset(
    key="reviews",
    partitions_def=MONTHS,
    deps=[dg.AssetDep(ASSET, partition_mapping=BY_MONTH)],
    group_name="entry",
    kinds={"python", "polars", "duckdb"},
    description="跨檔檢核：額度累計（W202）、往月筆數（W206）、人數（W207）、兩機關支薪（W209）、三個月加班（W212）、"
    "補休額度（W213）、未報資料（W214）；遲到或更正的月份只重看受影響的機關月\n\n"
    "The rules that look across submissions. A late or corrected month has exactly those agency-months looked at again "
    "that it can affect, in whatever month they are.",
)
def reviews(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
    """Review whatever has changed; the partition says which month's run did it."""
    from assets.reviewing import review

    return dg.MaterializeResult(metadata=shown(review(platform)))
