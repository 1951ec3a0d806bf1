"""The error report of what stands of an agency's month: its submissions as the report takes them."""

from sqlalchemy import select

from assets.error_report import Reported
from assets.platform import Platform
from assets.standing_findings import Standing, may_have_more
from checks.causes import record_days
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Agency
from warehouse.receipts import Receipt

#: Characters of a submission's id that tell it from the others.
ID_SHOWN = 12


def reported(platform: Platform, standing: Standing) -> list[Reported]:
    """Each submission that stands with its findings; raises as `Landing.read` does."""
    return [_reported(platform, standing, one) for one in standing.submissions]


def _reported(platform: Platform, standing: Standing, one: Receipt) -> Reported:
    found = standing.of(one.submission_id)
    return Reported(
        name=one.submission_id[:ID_SHOWN],
        agency_code=one.agency_code,
        agency_name=_name_of(platform, one.agency_code),
        month=one.month,
        when=f"{one.last_received_at:%Y-%m-%d %H:%M}",
        counts=one.counts,
        findings=found,
        unlisted=None if may_have_more(one) else {},
        days=record_days(platform.landing.read(one.submission_id)) if found else {},
    )


def _name_of(platform: Platform, agency: str) -> str | None:
    with reading(platform.engine) as session:
        of_it = select(Agency.name).where(Agency.agency_code == agency).order_by(Agency.active_from.desc())
        return session.scalars(of_it).first()
