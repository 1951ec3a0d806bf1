"""What the jobs' ops publish, and what Dagster is told of it: months at once, or each for itself.

The publishing itself is `assets/publishing.py`; the ops that call this are in `pipelines/jobs.py`.
"""

from collections.abc import Collection
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster_shared.record import replace

from assets.core_tables import CORE, VERSION_TAG, core_tables, reconciled
from assets.core_tables import shown as shown_of
from assets.platform import Platform
from assets.reports import MONTHLY_COUNTS, SUMMARY, monthly_counts, summary
from assets.telling import say
from warehouse.journal import log


def materialized(
    asset: dg.AssetsDefinition, partition: str, metadata: dict[str, Any], version: str | None = None
) -> dg.AssetMaterialization:
    """The event that says what was made of a partition, with the data version where it has one."""
    tags = None if version is None else {VERSION_TAG: version}
    return dg.AssetMaterialization(asset.key, partition=partition, metadata=metadata, tags=tags)


def _of_newest(instance: dg.DagsterInstance, result: dg.AssetCheckEvaluation) -> dg.AssetCheckEvaluation:
    """The result as one of the partition's newest materialisation: Dagster shows no other as current."""
    wanted = dg.AssetRecordsFilter(result.asset_key, asset_partitions=[str(result.partition)])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    target = AssetCheckEvaluationTargetMaterializationData(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )
    return replace(result, target_materialization_data=target)


def publish(context: dg.OpExecutionContext, platform: Platform, months: Collection[str]) -> None:
    """Publish these months at once, show what readers now see of each, and stop where records do not reconcile."""
    from assets.publishing import publish_months

    wrong = []
    for done in publish_months(platform, months):
        context.log_event(materialized(core_tables, done.month, shown_of(platform, done), done.version))
        check = reconciled(done)
        say(context, _of_newest(context.instance, check))
        if check.passed:
            context.log_event(materialized(monthly_counts, done.month, MONTHLY_COUNTS.show(platform, done.month)))
            context.log_event(materialized(summary, done.month, SUMMARY.show(platform, done.month)))
        else:
            wrong.append(done.month)
    if wrong:
        raise dg.Failure(f"對帳不符 records do not reconcile: {CORE.to_user_string()} {', '.join(wrong)}")


def publish_each(context: dg.OpExecutionContext, platform: Platform, months: Collection[str]) -> None:
    """Publish them one by one; raises `dg.Failure` that names those that could not be, after all the others are."""
    failed = []
    for month in months:
        try:
            publish(context, platform, [month])
        except Exception as error:  # noqa: BLE001 — whatever is wrong with a month, the others are published
            failed.append(f"{month} ({type(error).__name__})")
            log.error("month_not_published", month=month, error=type(error).__name__)
    if failed:
        raise dg.Failure(f"未能發布 could not be published: {', '.join(failed)}")
