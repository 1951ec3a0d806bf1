"""Rebuilding gives what there was, from landing and ledger alone; what goes wrong leaves everything as it was."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import delete, update

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.rebuild import RebuildDiffers, rebuild
from assets.reviewing import review
from tests.support.installations import (
    AUTHORITY,
    FIRST,
    document,
    installation,
    of_every_kind,
)
from warehouse.landing import LandingDamaged
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency, DatasetCount


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """A month entered: sound, faulty, corrected, refused, of no agency, and of a month that was in the future."""
    opened = installation(tmp_path / "home")
    hand_in(opened, [HandedIn(f"{number}.json", data) for number, data in enumerate(of_every_kind())])
    enter(opened, "2021-06")
    enter(opened, "2021-12")
    hand_in(opened, [HandedIn("correction.json", document(FIRST, produced_at="2021-07-09T09:12:00+08:00"))])
    enter(opened, "2021-06")
    review(opened)
    return opened


def contents(store: Path) -> dict[str, list[dict[str, object]]]:
    """File → rows, of the whole store."""
    return {str(path.relative_to(store)): pl.read_parquet(path).to_dicts() for path in sorted(store.rglob("*.parquet"))}


def test_the_store_is_what_it_was(platform):
    before = contents(platform.home.store)
    # two agencies entered, one of them twice; five documents with findings; the two list the same person (W209)
    assert len(before) == 4 * 3 + 5 + 2
    steps = []
    rebuilt = rebuild(platform, lambda done, total: steps.append((done, total)))
    assert contents(platform.home.store) == before
    assert (rebuilt.submissions, rebuilt.files) == (7, len(before))
    assert steps[-1] == (7, 7)
    assert sorted(path.name for path in platform.home.root.glob("store*")) == ["store"]


def test_it_needs_neither_store_nor_what_was_published(platform, tmp_path):
    before = contents(platform.home.store)
    platform.home.store.rename(tmp_path / "lost")
    rebuild(platform)
    assert contents(platform.home.store) == before
    assert platform.home.warehouse.exists()


def test_what_was_let_in_stays_in_whatever_the_register_says_now(platform):
    before = contents(platform.home.store)
    with writing(platform.engine) as session:
        session.execute(delete(Agency).where(Agency.agency_code == FIRST))
    rebuild(platform)
    assert contents(platform.home.store) == before


def test_what_was_in_the_future_then_is_still_refused(platform):
    later = type(platform)(**{**vars(platform), "clock": lambda: datetime(2026, 1, 1, tzinfo=UTC)})
    before = contents(platform.home.store)
    rebuild(later)
    assert contents(platform.home.store) == before


def test_damage_in_landing_stops_it_before_anything_is_replaced(platform):
    before = contents(platform.home.store)
    path = next(path for path in platform.home.landing.rglob("*") if path.is_file())
    path.chmod(0o644)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(LandingDamaged):
        rebuild(platform)
    assert contents(platform.home.store) == before


def test_another_result_than_the_ledgers_stops_it_before_anything_is_replaced(platform):
    before = contents(platform.home.store)
    with writing(platform.engine) as session:
        session.execute(
            update(DatasetCount)
            .where(DatasetCount.agency_code == AUTHORITY, DatasetCount.dataset == "leaves")
            .values(read=2, entered=2)
        )
    with pytest.raises(RebuildDiffers) as raised:
        rebuild(platform)
    assert [key.agency_code for key in raised.value.keys] == [AUTHORITY]
    assert contents(platform.home.store) == before
    assert not platform.home.store.with_name("store.rebuilding").exists()


def test_leftovers_of_a_rebuild_that_died_are_not_taken_along(platform):
    before = contents(platform.home.store)
    (platform.home.root / "store.rebuilding" / "leaves").mkdir(parents=True)
    (platform.home.root / "store.rebuilding" / "leaves" / "half.parquet").write_bytes(b"PAR1")
    rebuild(platform)
    assert contents(platform.home.store) == before


def test_what_another_process_wrote_meanwhile_is_taken_along(platform):
    waiting = platform.home.store / "leaves" / "month=2021-07" / "agency=X" / f"{'a' * 64}.parquet"
    waiting.parent.mkdir(parents=True)
    pl.DataFrame({"x": [1]}).write_parquet(waiting)
    rebuild(platform)
    assert waiting.exists()
