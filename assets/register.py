"""Stage 1, the register: whoever may report becomes a partition.

The register itself is imported by `attendance register import`; this asset only tells Dagster of it.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy.orm import Session

from assets.partitions import FIRST_MONTH, know_agencies
from assets.platform import Platform
from assets.previews import markdown
from warehouse.ledger.engine import reading

if TYPE_CHECKING:
    from warehouse.register.agencies import RegisterAgencies


def agencies_to_know(session: Session) -> "tuple[RegisterAgencies, set[str]]":
    """The register, and those of it that were in force at any time since collection began."""
    from warehouse.register.agencies import RegisterAgencies

    register = RegisterAgencies(session)
    first_day = f"{FIRST_MONTH}-01"
    known = {
        code
        for code, periods in register.periods.items()
        if any(period.active_to is None or period.active_to.isoformat() >= first_day for period in periods)
    }
    return register, known


def know_register(platform: Platform, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Add the register's agencies as partitions; the metadata to show."""
    from warehouse.duties import Duties, calendar_of

    month = platform.today().strftime("%Y-%m")
    with reading(platform.engine) as session:
        register, known = agencies_to_know(session)
        due = Duties(session, calendar_of(platform.home), register=register).of_month(month).due
    new = know_agencies(instance, known)
    channels = Counter(one.channel or "manual" for one in due.values())
    return {
        "機關數 agencies": len(known),
        "新增 new": len(new),
        f"{month} 應報送 due": len(due),
        "管道 by channel": dg.MetadataValue.md(markdown(["管道 channel", "機關 agencies"], sorted(channels.items()))),
    }


@dg.asset(
    group_name="intake",
    kinds={"python", "sqlalchemy"},
    description="機關代碼：機關代碼檔內的機關，成為入檔情形的分割區\n\n"
    "The register of agencies: each agency that may report becomes a partition of `agency_months`. "
    "Import a new register with `attendance register import`, then materialise this.",
)
def agency_register(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
) -> dg.MaterializeResult[None]:
    """Tell Dagster of the register's agencies."""
    return dg.MaterializeResult(metadata=know_register(platform, context.instance))
