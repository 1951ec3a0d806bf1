"""What the doctor looks at of the retention rules: whether they can be used, what a removal left, the archive."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.diagnosis import RESTORE, Diagnosis, some
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.ledger.models import AgencyMonth
from warehouse.ledger.retirements import retired, retired_years
from warehouse.retention.archive import months_kept
from warehouse.retention.policy import RetentionRefused, policy_of
from warehouse.retention.removal import leftovers


def retention_kept(home: Home, landing: Landing, session: Session) -> Iterator[Diagnosis]:
    """Whether the rules are readable, all that was removed is gone, and the reports of those years are archived."""
    name = "保存年限 retention"
    try:
        limited = sum(years is not None for years in policy_of(home).years.values())
    except (RetentionRefused, OSError) as error:
        yield Diagnosis(name, ok=False, found=str(error), remedy=f"請更正 mend {home.retention}")
        return
    left = leftovers(home, landing, session)
    if left:
        places = len(left.folders) + len(left.files) + len(left.bundles)
        found = (
            f"刪除未完成 a removal was cut off: 原始檔 documents {len(left.documents):,}, "
            f"資料檔 places in the store {places:,}"
        )
        yield Diagnosis(name, ok=False, found=found, remedy="attendance retention apply --reason")
        return
    gone = retired(session)
    yield Diagnosis(name, ok=True, found=f"{limited} 個資料表定有年限 tables with years; 已刪除 removed: {len(gone)}")
    if gone:
        yield _archived(home, session, retired_years(gone))


def _archived(home: Home, session: Session, years: set[int]) -> Diagnosis:
    name = "封存報表 archived reports"
    months = set(session.scalars(select(AgencyMonth.month).distinct()))
    kept = {month for year in years for month in months_kept(home, year)}
    missing = sorted(month for month in months - kept if int(month[:4]) in years)
    if missing:
        found = f"{len(missing)} 個月的報表不在封存 months whose reports are not there: {some(missing)}"
        return Diagnosis(name, ok=False, found=found, remedy=RESTORE)
    return Diagnosis(name, ok=True, found=f"{', '.join(map(str, sorted(years)))}: 俱在 all there")
