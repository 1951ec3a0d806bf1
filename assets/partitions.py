"""How the assets are divided: by agency and month what is stored, by month counts and summary, by year the ratios.

Agencies are dynamic partitions, added by the asset `agency_register`; one whose days in force are over stays, as its
months do.  Dagster's guidance is 100,000 partitions an asset; 8,300 agencies by 60 months were measured and work
(docs/dagster.md).
"""

import warnings

import dagster as dg

from checks.limits import Limits

# Partitioned checks and two mappings are not final in Dagster; its version is pinned, docs/dagster.md names them.
for _category in (dg.BetaWarning, dg.PreviewWarning):
    warnings.filterwarnings("ignore", category=_category, module=r"(assets|dagster\._core)\.")

TAIPEI = "Asia/Taipei"
FIRST_MONTH = Limits().collection_began

#: `YYYY-MM`, the current month included: an agency may hand its month in before it is over.
MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, fmt="%Y-%m", timezone=TAIPEI, end_offset=1)
#: `YYYY`, the current year included.
YEARS = dg.TimeWindowPartitionsDefinition(
    start=FIRST_MONTH[:4], fmt="%Y", cron_schedule="0 0 1 1 *", timezone=TAIPEI, end_offset=1
)
AGENCIES = dg.DynamicPartitionsDefinition(name="agencies")
AGENCY_MONTHS = dg.MultiPartitionsDefinition({"agency": AGENCIES, "month": MONTHS})

#: A month's tables hold every agency's month; a year's ratios its months, as far as there are any yet.
BY_MONTH = dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name="month")
MONTHS_OF_YEAR = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


def agency_month(agency_code: str, month: str) -> dg.MultiPartitionKey:
    """The partition of one agency and month (`YYYY-MM`)."""
    return dg.MultiPartitionKey({"agency": agency_code, "month": month})


def know_agencies(instance: dg.DagsterInstance, agency_codes: set[str]) -> list[str]:
    """Add the agencies that are not partitions yet; returns those added, in order."""
    name = str(AGENCIES.name)
    new = sorted(agency_codes - set(instance.get_dynamic_partitions(name)))
    if new:
        instance.add_dynamic_partitions(name, new)
    return new
