"""Removing what is past its time (屆期刪除): the figures are archived, then the ledger says so, then the bytes go.

Whoever dies in between loses nothing: before the ledger says so nothing is removed, afterwards the next `apply` removes
what is left, and publishing shows it no more in any case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from assets.platform import Platform
from assets.publishing import publish_now
from assets.words_of_people import without_people
from warehouse.duties import calendar_of
from warehouse.duties.reckoning import spoken
from warehouse.ledger import lifecycle
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.engine import lock_months, reading, writing
from warehouse.ledger.models import Submission
from warehouse.ledger.retirements import Retirement, retired, retired_years
from warehouse.ledger.versions import version_of
from warehouse.locks import Busy, exclusive_everywhere
from warehouse.months import is_month
from warehouse.publish.lock import publishing_alone
from warehouse.retention import archive
from warehouse.retention.policy import LANDING, NOTICES, RetentionRefused, policy_of
from warehouse.retention.removal import Held, held, leftovers, remove_notices

#: Seconds to wait for a publisher.
_PATIENCE = 600.0


class RetentionBusy(Busy):
    """Another removes all the time."""

    doing = "刪除屆期資料"
    english = "another removes what is past its time ({holder}); try again later"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is held of a table and year, whether it is due to go, and who removed it where it is gone."""

    held: Held
    due: bool
    gone: Retirement | None


def standing(platform: Platform) -> list[Standing]:
    """By year and table, in order; raises `RetentionRefused`."""
    policy, now = policy_of(platform.home), platform.clock()
    with reading(platform.engine) as session:
        gone = {(row.table, row.year): row for row in session.scalars(select(Retirement))}
        session.expunge_all()
        rows = held(session)
    rows += [Held(table, year, row.items, row.bytes) for (table, year), row in gone.items() if table == NOTICES]
    found = []
    for one in rows:
        removed = gone.get((one.table, one.year))
        found.append(Standing(one, removed is None and policy.due(one.table, one.year, now), removed))
    return found


def apply(platform: Platform, reason: str) -> list[Held]:
    """Remove every table and year that is due, and what an earlier removal left; what was removed.

    Raises `RetentionRefused` where a year is not closed, or something of it waits for its check or changes meanwhile,
    `RetentionBusy`, and what publishing raises; nothing is removed then.
    """
    if not reason.strip():
        raise RetentionRefused("請說明原因或依據 say why, or by what order: --reason")
    why = without_people(platform, "", "", reason)
    with exclusive_everywhere(platform.engine, "retention", platform.home.root / ".retention.lock", 1.0, RetentionBusy):
        wanted = [one.held for one in standing(platform) if one.due]
        years = sorted({one.year for one in wanted if one.table != NOTICES})
        _check(platform, wanted, years)
        versions = _versions(platform, years)
        if years:
            publish_now(platform, ())
            for year in _not_archived(platform, years):
                archive.keep(platform.home, year)
        if wanted:
            _retire(platform, wanted, why, versions)
        if years or platform.home.warehouse.exists():
            publish_now(platform, ())
        _remove(platform)
    return wanted


def _check(platform: Platform, wanted: Sequence[Held], years: Sequence[int]) -> None:
    """A year goes when it is closed, all of it was judged, and on an object store as a whole."""
    calendar, now = calendar_of(platform.home), platform.clock()
    for year in years:
        december = f"{year:04}-12"
        closes = max(calendar.year_closes(year, kind) for kind in (None, *calendar.kinds(december)))
        if now < closes:
            raise RetentionRefused(f"{year} 年度尚未關帳 the year is not closed until {spoken(closes)}")
        with reading(platform.engine) as session:
            waits = select(Submission.month).where(
                Submission.state == lifecycle.RECEIVED, Submission.month.startswith(f"{year:04}-")
            )
            month = session.scalars(waits.limit(1)).first()
        if month:
            raise RetentionRefused(
                f"{month} 尚有報送待檢核 something waits for its check: attendance run --month {month}"
            )
        of_year = {one.table for one in wanted if one.year == year} - {NOTICES}
        if platform.home.objects is not None and of_year - {LANDING} and not _nothing_stays(platform, year, of_year):
            raise RetentionRefused(
                f"{year}: 資料檔在物件儲存時，同一年度的明細與檢誤結果須一併到期 on an object store a year's records "
                "and findings go together: give them the same years"
            )


def _nothing_stays(platform: Platform, year: int, going: set[str]) -> bool:
    """Whether with these every table of the year is gone."""
    with reading(platform.engine) as session:
        before = {table for table, gone in retired(session) if gone == year}
        ever = {one.table for one in held(session) if one.year == year} - {NOTICES}
    return ever <= going | before


def _not_archived(platform: Platform, years: Sequence[int]) -> list[int]:
    """Those of which nothing was removed before: what the archive has of others is what there was then."""
    with reading(platform.engine) as session:
        before = retired_years(retired(session))
    return [year for year in years if year not in before]


def _versions(platform: Platform, years: Sequence[int]) -> dict[str, str]:
    """Month → its version by the ledger."""
    with reading(platform.engine) as session:
        months = set(session.scalars(select(Submission.month).distinct()))
        of_these = sorted(month for month in months if is_month(month) and int(month[:4]) in years)
        return {month: version_of(session, month) for month in of_these}


def _retire(platform: Platform, wanted: Sequence[Held], why: str, versions: dict[str, str]) -> None:
    """Have the ledger say so, unless anything of these months has changed since it was archived."""
    now = platform.clock()
    with writing(platform.engine) as session:
        lock_months(session, versions)
        changed = [month for month, version in versions.items() if version_of(session, month) != version]
        if changed:
            raise RetentionRefused(f"{changed[0]}: 資料異動中，請再試一次 changed meanwhile: try again")
        for one in wanted:
            session.add(
                Retirement(
                    table=one.table, year=one.year, items=one.items, bytes=one.bytes, reason=why,
                    actor=platform.actor, at=now,
                )
            )  # fmt: skip
            if one.table == NOTICES:
                remove_notices(session, one.year)
        removed = [f"{one.table} {one.year}: {one.items}" for one in wanted]
        note(session, [Deed("retired", platform.actor, concerns=one, reason=why, at=now) for one in removed])


def _remove(platform: Platform) -> None:
    """Remove what the ledger says is gone; nobody publishes or reviews meanwhile."""
    with publishing_alone(platform.home, platform.engine, _PATIENCE):
        with reading(platform.engine) as session:
            left = leftovers(platform.home, platform.landing, session)
        left.remove(platform.landing)
        with writing(platform.engine) as session:
            left.forget_bundles(session)
