"""The store on an object store: the files that a folder has, on every machine, whatever dies or is cut off."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from assets.decisions import revert, withdraw
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.rebuild import RebuildDiffers, rebuild
from assets.reviewing import review
from tests.support.faulty_way import faulty_way
from tests.support.installations import (
    AUTHORITY,
    FIRST,
    NOW,
    SECOND,
    THIRD,
    document,
    installation,
    of_every_kind,
    refuse_by_older_rules,
)
from tests.support.object_store import settings_of
from tests.support.programs import run_program
from warehouse.bundle_cache import bring
from warehouse.bundles import BundleLost
from warehouse.files import ObjectStore
from warehouse.ledger.bundles import StoreBundle, bundles_of
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import AgencyMonth, DatasetCount, Submission
from warehouse.publish.database import open_warehouse
from warehouse.publish.publisher import publish
from warehouse.store import UNKNOWN, PersonKeyDiffers

MONTH = "2021-06"
#: Of one month, of another that was in the future, and of none.
HANDED_IN = of_every_kind()
KILLED = """
import os, signal, sys
from pathlib import Path
import assets.entering
from pipelines.resources import platform
from pipelines.settings import load_settings
def die(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)
assets.entering.record_results = die
assets.entering.enter(platform(load_settings()), "2021-06")
"""


@pytest.fixture
def platform(tmp_path: Path, object_store: ObjectStore) -> Iterator[Platform]:
    """An installation over an object store in which nothing is entered yet."""
    opened = installation(tmp_path / "home", **settings_of(object_store), entry_workers=1)
    put(opened, *HANDED_IN)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The store's files of the same in folders, everything entered and reviewed."""
    return files_alone(tmp_path_factory.mktemp("alone"), *HANDED_IN)


def files_alone(home: Path, *documents: bytes) -> dict[str, bytes]:
    opened = installation(home, person_key="0f" * 32, entry_workers=1)
    put(opened, *documents)
    everything(opened)
    opened.engine.dispose()
    return files_of(opened.home.store)


def put(opened: Platform, *documents: bytes) -> None:
    hand_in(opened, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])


def everything(opened: Platform) -> None:
    """Enter and review whatever waits."""
    enter(opened, MONTH)
    enter(opened, "2021-12")
    review(opened)


def another_machine(opened: Platform, name: str = "elsewhere") -> Platform:
    """The same installation seen from another machine, whose folder is empty."""
    home = replace(opened.home, root=opened.home.root.with_name(name)).create()
    return replace(opened, home=home)


def brought(opened: Platform, *months: str) -> dict[str, bytes]:
    """File → bytes, of everything that this machine can read of the store."""
    with reading(opened.engine) as session:
        bring(opened.home, session, months or None)
    return files_of(opened.home.store)


def files_of(store: Path) -> dict[str, bytes]:
    return {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*.parquet"))}


def recorded(opened: Platform) -> list[tuple[str, str, int]]:
    with reading(opened.engine) as session:
        rows = session.execute(select(StoreBundle.month, StoreBundle.name, StoreBundle.files).order_by(StoreBundle.id))
        return [tuple(row) for row in rows]


def on_objects(opened: Platform) -> set[str]:
    return {one.name for one in opened.home.objects.files("store").listed()}


def states(opened: Platform) -> dict[str, str]:
    with reading(opened.engine) as session:
        return dict(session.execute(select(Submission.id, Submission.state)).all())


def test_every_machine_reads_the_files_that_a_folder_has(platform, alone):
    everything(platform)
    assert len(alone) == 4 * 2 + 5 + 2
    assert brought(platform) == alone
    there = another_machine(platform)
    assert brought(there) == alone
    # Reading copies are named after what they are made of, its moment too.
    here = platform.home.store
    moments = {path: (here / path).stat().st_mtime_ns for path in alone}
    assert {path: (there.home.store / path).stat().st_mtime_ns for path in alone} == moments


def test_a_batch_is_one_object_that_the_ledger_names(platform):
    assert enter(platform, MONTH).outcomes
    rows = recorded(platform)
    assert {month: files for month, _, files in rows} == {MONTH: 4 * 2 + 2 + 1, UNKNOWN: 1}
    assert {name for _, name, _ in rows} == on_objects(platform)
    assert len(on_objects(platform)) == 1
    assert files_of(platform.home.store) == {}  # nobody has asked for anything


def test_only_the_months_asked_for_are_brought(platform):
    everything(platform)
    months = {path.split("/")[1] for path in brought(another_machine(platform), "2021-12")}
    assert months == {"month=2021-12"}


def test_a_worker_that_dies_between_object_and_ledger_leaves_nothing_that_counts(platform, monkeypatch, alone):
    environment = {"ATTENDANCE_HOME": str(platform.home.root), "ATTENDANCE_ENTRY_WORKERS": "1"}
    environment |= {f"ATTENDANCE_{name.upper()}": value for name, value in settings_of(platform.home.objects).items()}
    assert run_program(KILLED, environment=os.environ | environment) == -signal.SIGKILL
    assert len(on_objects(platform)) == 1
    assert recorded(platform) == []
    assert set(states(platform).values()) == {"received"}
    assert brought(platform) == {}
    everything(platform)
    assert brought(platform) == alone
    assert len(on_objects(platform) - {name for _, name, _ in recorded(platform)}) == 1


@pytest.mark.parametrize("faults", [["busy", "busy"], ["lost"], ["cut"], ["lost", "busy", "cut"]])
def test_an_object_store_that_stumbles_is_asked_again(platform, alone, faults):
    with faulty_way(platform.home.objects.endpoint) as way:
        through = replace(platform.home.objects, endpoint=way.endpoint)
        stumbling = replace(platform, home=replace(platform.home, objects=through))
        way.faults.extend([None, None, None, *faults])  # the mark of the person key is asked for and made first
        everything(stumbling)
        assert f"PUT {faults[0]}" in way.requests
        way.requests.clear()
        way.faults.extend(faults)
        assert brought(another_machine(stumbling)) == alone
        assert f"GET {faults[0]}" in way.requests


def test_an_object_store_that_is_gone_is_one_error_and_nothing_is_recorded(platform, monkeypatch):
    monkeypatch.setattr("warehouse.files_s3.ATTEMPTS", 2)
    with faulty_way(platform.home.objects.endpoint) as way:
        through = replace(platform.home.objects, endpoint=way.endpoint)
        stumbling = replace(platform, home=replace(platform.home, objects=through))
        way.faults.extend([None, None, None, "busy", "busy", "busy", "busy"])
        with pytest.raises(OSError, match="object store"):
            enter(stumbling, MONTH)
    assert recorded(platform) == []
    assert set(states(platform).values()) == {"received"}


def test_whoever_dies_while_unpacking_unpacks_again(platform, alone):
    everything(platform)
    brought(platform)
    for mark in (platform.home.store / ".bundles").glob("month=*/*"):
        mark.unlink()
    for number, path in enumerate(sorted(platform.home.store.rglob("*.parquet"))):
        if number % 2:
            path.unlink()
    leftover = platform.home.store / "leaves" / f"month={MONTH}" / f"agency={FIRST}" / f"{'e' * 64}.parquet"
    leftover.write_bytes(b"of a bundle that counts no longer")
    assert brought(platform) == alone


def test_many_at_once_bring_the_same(platform, alone):
    everything(platform)
    there = another_machine(platform)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: brought(there), range(6)))
    assert brought(there) == alone


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_bundle_that_is_lost_is_named_and_made_anew(platform, alone, damage):
    everything(platform)
    bundles, name = platform.home.objects.files("store"), recorded(platform)[0][1]
    if damage == "gone":
        bundles.remove(name)
    else:
        bundles.put(name, bundles.read(name).replace(b"PAR1", b"PAR2", 1))
    with pytest.raises(BundleLost, match=f"{damage.replace('gone', 'missing')}.*{name}.*attendance rebuild"):
        brought(platform)
    rebuild(platform)
    assert brought(another_machine(platform)) == alone


def test_a_finding_that_a_review_takes_back_is_gone_on_every_machine(platform):
    everything(platform)
    there = another_machine(platform)
    found = {path.split("/")[2] for path in brought(there) if path.startswith("reviews/")}
    assert found == {f"agency={AUTHORITY}", f"agency={FIRST}"}  # the same person on two payrolls (W209)
    withdraw(platform, FIRST, MONTH, "once more")
    left = {path.split("/")[2] for path in brought(there) if path.startswith("reviews/")}
    assert left == {f"agency={FIRST}"}  # of a submission that nothing counts any more nobody takes anything back
    assert brought(there) == brought(platform)


def test_withdrawing_and_reverting_go_by_the_object_store(platform):
    put(platform, document(THIRD, leaves=[]))
    everything(platform)
    (first,) = (one for one, place in entered(platform).items() if place == THIRD)
    put(replace(platform, clock=lambda: NOW + timedelta(hours=1)), document(THIRD))
    everything(platform)
    there = another_machine(platform)
    assert leaves(there, THIRD) == 1
    revert(there, THIRD, MONTH, first, "the correction was wrong")
    assert leaves(there, THIRD) == 0
    withdraw(another_machine(platform, "yet another"), THIRD, MONTH, "by mistake")
    publish(platform.home, platform.engine, [MONTH], now=platform.clock())
    assert leaves(platform, THIRD) is None


def test_a_report_is_of_what_was_published_last_on_whatever_machine(platform, tmp_path, monkeypatch, attendance):
    everything(platform)
    publish(platform.home, platform.engine, now=platform.clock())
    settings = settings_of(platform.home.objects) | {"ledger_url": platform.home.ledger_url}
    for name, value in (settings | {"home": str(tmp_path / "desk")}).items():
        monkeypatch.setenv(f"ATTENDANCE_{name.upper()}", value)
    asked = ("report", "monthly-counts", "--year", "2021", "--month", MONTH, "--format", "json")
    before = attendance(*asked).objects
    assert {row["agency_code"] for row in before if row["entered"]} == {AUTHORITY, FIRST}
    withdraw(platform, FIRST, MONTH, "by mistake")
    after = attendance(*asked).objects
    assert {row["agency_code"] for row in after if row["entered"]} == {AUTHORITY}


def entered(opened: Platform) -> dict[str, str]:
    with reading(opened.engine) as session:
        counted = select(AgencyMonth.submission_id, AgencyMonth.agency_code).where(AgencyMonth.month == MONTH)
        return dict(session.execute(counted).all())


def leaves(opened: Platform, agency: str) -> int | None:
    """Leaves of an agency in the month, as this machine has published them; None: the agency counts nothing."""
    with open_warehouse(opened.home.warehouse) if opened.home.warehouse.exists() else published(opened) as warehouse:
        counted = "SELECT count(*) FROM core.employees WHERE month = ? AND agency_code = ?"
        if warehouse.execute(counted, [MONTH, agency]).fetchone() == (0,):
            return None
        (number,) = warehouse.execute(counted.replace("employees", "leaves"), [MONTH, agency]).fetchone()
        return number


def published(opened: Platform) -> duckdb.DuckDBPyConnection:
    publish(opened.home, opened.engine, now=opened.clock())
    return open_warehouse(opened.home.warehouse)


def test_a_rebuild_replaces_what_every_machine_has(platform, alone):
    everything(platform)
    there = another_machine(platform)
    before = brought(there)
    stale = there.home.store / "reviews" / f"month={MONTH}" / f"agency={SECOND}" / f"{'d' * 64}.parquet"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.write_bytes(b"what an older rule had found")
    names = {name for _, name, _ in recorded(platform)}
    rebuilt = rebuild(platform)
    assert (rebuilt.submissions, rebuilt.files) == (6, len(before))
    assert not names & {name for _, name, _ in recorded(platform)}
    assert brought(there) == before
    assert brought(there) == alone


def test_a_rebuild_keeps_the_findings_of_what_the_rules_of_today_would_not_refuse(platform):
    everything(platform)
    put(platform, document(THIRD))
    refuse_by_older_rules(platform, MONTH)
    before = brought(platform)
    rebuild(platform)
    assert brought(platform) == brought(another_machine(platform)) == before


def test_a_rebuild_takes_along_what_others_record_meanwhile(platform, tmp_path):
    everything(platform)
    there = another_machine(platform)

    def meanwhile(done: int, total: int) -> None:
        if done == total:
            put(there, document(THIRD))
            enter(there, MONTH)

    rebuild(platform, meanwhile)
    assert brought(there) == files_alone(tmp_path / "alone", *HANDED_IN, document(THIRD))


def test_a_rebuild_that_differs_leaves_everything_as_it_was(platform):
    everything(platform)
    before, objects, named = brought(platform), on_objects(platform), recorded(platform)
    with writing(platform.engine) as session:
        for row in session.scalars(select(DatasetCount).where(DatasetCount.dataset == "leaves")):
            row.read = row.entered = 7
    with pytest.raises(RebuildDiffers):
        rebuild(platform)
    assert (brought(platform), on_objects(platform), recorded(platform)) == (before, objects, named)


def test_two_person_keys_are_never_mixed_and_a_rebuild_changes_it(platform, tmp_path):
    everything(platform)
    other = replace(another_machine(platform), person_key=lambda: b"another key of thirty-two bytes.")
    put(other, document(THIRD))
    with pytest.raises(PersonKeyDiffers, match="s3://"):
        enter(other, MONTH)
    rebuild(other)
    assert enter(other, MONTH).outcomes
    with pytest.raises(PersonKeyDiffers):
        enter(platform, MONTH)


def test_bundles_of_a_month_stand_in_the_order_in_which_they_were_recorded(platform):
    enter(platform, MONTH)
    put(platform, document(THIRD))
    enter(platform, MONTH)
    with reading(platform.engine) as session:
        assert bundles_of(session)[MONTH] == [name for month, name, _ in recorded(platform) if month == MONTH]
        assert len(bundles_of(session, [MONTH])[MONTH]) == 2
