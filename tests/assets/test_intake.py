"""Handing in and pulling: bytes in landing, arrivals in the ledger, one line for each agency that failed."""

import hashlib
import json
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from assets.channel_health import health_of, health_recorded
from assets.channels.protocol import Delivery, Outcome, Reason
from assets.fetch_memory import LedgerMemory, remember
from assets.intake import CHUNK_DOCUMENTS, HandedIn, hand_in
from assets.platform import PullLimits
from assets.pull import InboxBusy, pull
from assets.pull_report import NotBrought, PullReport
from tests.support.installations import FIRST, NOW, PERSON, SECOND, THIRD, document, installation
from tests.support.world import taipei
from warehouse.landing import LandingFull
from warehouse.ledger.arrivals import Arrived, record_arrivals
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Arrival, Fetch, Obligation, Submission
from warehouse.locks import exclusive


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path)
    yield opened
    opened.engine.dispose()


def submissions(opened):
    with reading(opened.engine) as session:
        return {(row.agency_code, row.month): row for row in session.scalars(select(Submission))}


def test_a_document_is_landed_recorded_and_receipted(here):
    data = document(FIRST)
    (receipt,) = hand_in(here, [HandedIn("376500001A.json", data)])
    assert receipt.submission_id == hashlib.sha256(data).hexdigest()
    assert (receipt.agency_code, receipt.month, receipt.size, receipt.new) == (FIRST, "2021-06", len(data), True)
    assert (receipt.received_at, receipt.on_time, receipt.days_late) == (NOW, True, 0)
    assert here.landing.read(receipt.submission_id) == data
    assert submissions(here)[FIRST, "2021-06"].state == "received"


def test_the_same_bytes_twice_are_one_submission_with_two_arrivals(here):
    item = HandedIn("a.json", document(FIRST))
    first, second = hand_in(here, [item, item])
    (third,) = hand_in(here, [item])
    assert [one.new for one in (first, second, third)] == [True, False, False]
    assert first.submission_id == second.submission_id == third.submission_id
    with reading(here.engine) as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1
        assert session.scalar(select(func.count()).select_from(Arrival)) == 3


def test_what_says_neither_agency_nor_month_lands_all_the_same(here):
    (receipt,) = hand_in(here, [HandedIn("photo.json", b"\xff\xd8\xff not a submission")])
    assert (receipt.agency_code, receipt.month, receipt.on_time, receipt.days_late) == ("", "", None, None)
    assert here.landing.read(receipt.submission_id).startswith(b"\xff\xd8")
    assert ("", "") in submissions(here)


def test_a_national_id_in_a_file_name_is_not_recorded(here):
    hand_in(here, [HandedIn(f"/inbox/{PERSON}.json", document(FIRST))])
    with reading(here.engine) as session:
        (source,) = session.scalars(select(Arrival.source))
    assert PERSON not in source
    assert source.startswith("/inbox/A12")


def test_a_late_month_says_how_late(here):
    (receipt,) = hand_in(here, [HandedIn("a.json", document(FIRST, "2021-05"))])
    assert (receipt.on_time, receipt.days_late) == (False, 20)


def test_more_than_one_chunk_keeps_the_order(here):
    items = [HandedIn(str(number), json.dumps({"number": number}).encode()) for number in range(CHUNK_DOCUMENTS + 3)]
    receipts = hand_in(here, iter(items))
    assert [one.name for one in receipts] == [item.name for item in items]
    assert all(
        one.submission_id == hashlib.sha256(item.data).hexdigest() for one, item in zip(receipts, items, strict=True)
    )


def test_thousands_are_handed_in_at_once(here):
    items = (HandedIn(f"{number}.json", document(f"{number:09}A")) for number in range(2000))
    receipts = hand_in(here, items)
    assert [one.name for one in receipts] == [f"{number}.json" for number in range(2000)]
    assert len(set(here.landing.ids())) == 2000


def put_into_inbox(here, name, data):
    here.home.inbox.mkdir(exist_ok=True)
    (here.home.inbox / name).write_bytes(data)


@pytest.fixture
def quick_inbox(here):
    here.sources.write_text("[manual]\nsettle_seconds = 0\n", encoding="utf-8")
    return here


def test_the_inbox_is_emptied_whatever_month_it_holds(quick_inbox):
    put_into_inbox(quick_inbox, "june.json", document(FIRST))
    put_into_inbox(quick_inbox, "may.json", document(SECOND, "2021-05"))
    report = pull(quick_inbox, "2021-06")
    assert report.outcomes == Counter({("manual", "delivered"): 2})
    assert (report.arrived, report.failures) == (2, [])
    assert set(submissions(quick_inbox)) == {(FIRST, "2021-06"), (SECOND, "2021-05")}
    assert sorted(path.name for path in (quick_inbox.home.inbox / "processed").iterdir()) == ["june.json", "may.json"]
    assert pull(quick_inbox, "2021-06").outcomes.total() == 0


def test_what_the_ledger_could_not_record_stays_in_the_inbox(quick_inbox, monkeypatch):
    put_into_inbox(quick_inbox, "june.json", document(FIRST))

    def full(*_args, **_more):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("assets.pull.record_arrivals", full)
        with pytest.raises(OSError, match="disk full"):
            pull(quick_inbox, "2021-06")
    assert (quick_inbox.home.inbox / "june.json").exists()
    assert pull(quick_inbox, "2021-06").arrived == 1


def test_an_empty_file_is_a_line_of_the_report(quick_inbox):
    put_into_inbox(quick_inbox, "empty.json", b"")
    put_into_inbox(quick_inbox, "june.json", document(FIRST))
    report = pull(quick_inbox, "2021-06")
    assert report.arrived == 1
    (failure,) = report.failures
    assert (failure.channel, failure.source) == ("manual", "empty.json")
    assert "空檔" in failure.reason
    assert "\n" not in failure.reason


def test_a_channel_down_costs_its_own_agencies_only(quick_inbox):
    with writing(quick_inbox.engine) as session:
        session.add(Obligation(agency_code=SECOND, channel="webitr"))
    quick_inbox.sources.write_text(
        f'[manual]\nsettle_seconds = 0\n[webitr.agencies.{SECOND}]\nbase_url = "https://127.0.0.1:9/{SECOND}"\n'
        'token = "secret-token"\n',
        encoding="utf-8",
    )
    put_into_inbox(quick_inbox, "june.json", document(FIRST))
    report = pull(quick_inbox, "2021-06")
    assert report.arrived == 1
    assert report.outcomes["webitr", "failed"] == 1
    (failure,) = report.failures
    assert (failure.channel, failure.agency_code) == ("webitr", SECOND)
    assert "secret-token" not in failure.reason
    with reading(quick_inbox.engine) as session:
        fetch, inbox = session.scalars(select(Fetch).order_by(Fetch.channel.desc()))
    assert (inbox.channel, inbox.outcome) == ("manual", "delivered")
    assert (failure.host, fetch.host) == ("127.0.0.1:9", "127.0.0.1:9")
    assert (fetch.agency_code, fetch.outcome, fetch.submission_id) == (SECOND, "failed", None)


def test_of_two_pulls_at_once_the_second_waits_for_the_inbox(quick_inbox):
    """It once brought a document after the first had brought its correction, which then no longer counted."""
    put_into_inbox(quick_inbox, "june.json", document(FIRST))
    with ThreadPoolExecutor(1) as other:
        with exclusive(quick_inbox.home.root / ".inbox.lock", 0, InboxBusy):
            waiting = other.submit(pull, quick_inbox, "2021-06")
            with pytest.raises(FutureTimeout):
                waiting.result(timeout=0.5)
            assert submissions(quick_inbox) == {}
        assert waiting.result().arrived == 1


def test_a_pull_that_waits_too_long_says_who_empties_the_inbox(quick_inbox, monkeypatch):
    monkeypatch.setattr("assets.pull._PATIENCE", 0.0)
    with exclusive(quick_inbox.home.root / ".inbox.lock", 0, InboxBusy):
        report = pull(quick_inbox, "2021-06")
    (failure,) = report.failures
    assert f"emptying the inbox (pid {os.getpid()}" in failure.reason
    (health,) = health_of(report, 0.2)
    assert health.is_down


def test_a_pull_sweeps_what_a_killed_process_had_half_received(quick_inbox):
    incoming = quick_inbox.home.landing / ".incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    half, perhaps_being_written = incoming / "half", incoming / "young"
    for path in (half, perhaps_being_written):
        path.write_bytes(b"{")
    os.utime(half, (0, 0))
    pull(quick_inbox, "2021-06")
    assert list(incoming.iterdir()) == [perhaps_being_written]


def test_named_agencies_alone_are_asked_for(quick_inbox):
    with writing(quick_inbox.engine) as session:
        session.add_all([Obligation(agency_code=code, channel="webhr") for code in (FIRST, SECOND)])
    quick_inbox.sources.write_text(
        f'[webhr.subsystems.one]\nurl = "sqlite://"\nagencies = ["{THIRD}"]\nleave_types = {{ "03" = "03" }}\n',
        encoding="utf-8",
    )
    report = pull(quick_inbox, "2021-06", agencies=[SECOND], channels=["webhr"])
    assert report.outcomes.total() == 1
    assert {one.agency_code for one in report.failures} == {SECOND}


def test_a_failed_fetch_leaves_what_an_earlier_one_brought(here):
    brought = Delivery("webitr", FIRST, "2021-06", Outcome.DELIVERED, "https://x", "a" * 64, 10, etag='"1"')
    failed = Delivery("webitr", FIRST, "2021-06", Outcome.FAILED, "https://x", reason=Reason("逾時", "timed out"))
    with writing(here.engine) as session:
        record_arrivals(session, [Arrived("a" * 64, FIRST, "2021-06", "webitr", "https://x", 10, NOW)])
    for delivery in (brought, failed):
        with writing(here.engine) as session:
            remember(session, [delivery], NOW)
    remembered = LedgerMemory(here.engine, NOW).recall("webitr", "2021-06")
    assert (remembered[FIRST].etag, remembered[FIRST].submission_id) == ('"1"', "a" * 64)
    with reading(here.engine) as session:
        (row,) = session.scalars(select(Fetch))
    assert (row.outcome, row.detail) == ("failed", "逾時 timed out")
    assert LedgerMemory(here.engine, NOW).recall("webhr", "2021-06") == {}


def test_what_came_before_the_month_had_ended_is_fetched_again_once_it_has(here):
    """The same bytes after its end are what answers for the month."""
    ends = taipei("2021-07-01 00:00")
    early = Delivery("webitr", FIRST, "2021-06", Outcome.DELIVERED, "https://x", "a" * 64, 10, etag='"1"')

    def recalled(now):
        return LedgerMemory(here.engine, now).recall("webitr", "2021-06").keys()

    def arrive_at(moment):
        with writing(here.engine) as session:
            record_arrivals(session, [Arrived("a" * 64, FIRST, "2021-06", "webitr", "https://x", 10, moment)])
            remember(session, [early], moment)

    arrive_at(ends - timedelta(days=2))
    assert recalled(ends - timedelta(seconds=1)) == {FIRST}
    assert recalled(ends) == set()
    arrive_at(ends)
    assert recalled(ends + timedelta(days=1)) == {FIRST}


class Odd:
    """A channel of the name given that does what a test has it do."""

    def __init__(self, name, does):
        self.name, self._does = name, does

    def collect(self, month, agencies, memory, land):
        yield from self._does(month, agencies, memory, land)

    def confirm(self, delivery):
        pass


def bring_by(here, monkeypatch, **channels):
    """A pull through these channels, and the real inbox after them."""
    with writing(here.engine) as session:
        session.add_all([Obligation(agency_code=code, channel=name) for name in channels for code in (FIRST, SECOND)])
    real = type(here).channels
    opened = {name: Odd(name, does) for name, does in channels.items()}
    monkeypatch.setattr(type(here), "channels", lambda self: opened | real(self))
    return pull(here, "2021-06")


def hanging(for_ever):
    def collect(month, agencies, memory, land):
        yield Delivery("webitr", agencies[0], month, Outcome.NOTHING, "https://x")
        for_ever.wait()

    return collect


def test_a_channel_that_hangs_is_given_up_and_the_others_have_their_turn(quick_inbox, monkeypatch):
    for_ever = threading.Event()
    put_into_inbox(quick_inbox, "june.json", document(THIRD))
    short = replace(quick_inbox, pull_limits=PullLimits(seconds=1.5))
    report = bring_by(short, monkeypatch, webitr=hanging(for_ever))
    for_ever.set()
    assert report.arrived == 1
    (failure,) = report.failures
    assert (failure.channel, failure.agency_code) == ("webitr", SECOND)
    assert "收件逾時" in failure.reason
    assert [(one.channel, one.agency_code) for one in report.without_records] == [("webitr", FIRST)]


@pytest.mark.parametrize("error", [RuntimeError("a name 王小明"), OSError("x"), MemoryError(), TimeoutError()])
def test_a_channel_that_breaks_costs_its_own_agencies(quick_inbox, monkeypatch, error):
    def breaks(*_arguments):
        raise error
        yield

    put_into_inbox(quick_inbox, "june.json", document(THIRD))
    report = bring_by(quick_inbox, monkeypatch, webitr=breaks)
    assert report.arrived == 1
    assert [one.agency_code for one in report.failures] == [FIRST, SECOND]
    assert not any("王小明" in one.reason for one in report.failures)


def test_what_a_channel_brought_before_it_broke_is_recorded(quick_inbox, monkeypatch):
    def breaks(month, agencies, memory, land):
        landed = land([document(FIRST)])
        yield Delivery("webitr", FIRST, month, Outcome.DELIVERED, "https://x", landed.id, landed.bytes)
        raise RuntimeError

    report = bring_by(quick_inbox, monkeypatch, webitr=breaks)
    assert set(submissions(quick_inbox)) == {(FIRST, "2021-06")}
    assert [one.agency_code for one in report.failures] == [SECOND]


def test_landing_s_own_trouble_is_raised_whatever_channel_met_it(quick_inbox, monkeypatch):
    def lands(month, agencies, memory, land):
        land([document(FIRST)])
        yield

    def full(*_arguments):
        raise LandingFull(28, "no room in landing")

    monkeypatch.setattr(type(quick_inbox.landing), "put_stream", full)
    with pytest.raises(LandingFull):
        bring_by(quick_inbox, monkeypatch, webitr=lands)


def test_an_error_of_what_is_being_landed_is_the_channel_s(quick_inbox, monkeypatch):
    def lands(month, agencies, memory, land):
        def chunks():
            yield b"{"
            raise OSError("the database's connection")

        land(chunks())
        yield

    report = bring_by(quick_inbox, monkeypatch, webitr=lands)
    assert [one.agency_code for one in report.failures] == [FIRST, SECOND]


def test_an_inbox_that_is_down_takes_no_other_channel_with_it(here, monkeypatch):
    def brings(month, agencies, memory, land):
        landed = land([document(FIRST)])
        yield Delivery("webitr", FIRST, month, Outcome.DELIVERED, "https://x", landed.id, landed.bytes)
        yield Delivery("webitr", SECOND, month, Outcome.NOTHING, "https://x")

    here.sources.write_text('[manual]\ninbox = "ftp://me:marked-secret@127.0.0.1:9/in"\n', encoding="utf-8")
    report = bring_by(here, monkeypatch, webitr=brings)
    assert report.arrived == 1
    (failure,) = report.failures
    assert (failure.channel, failure.host) == ("manual", "127.0.0.1:9")
    assert "marked-secret" not in repr(report)
    with reading(here.engine) as session:
        assert [one.channel for one in health_recorded(session, 0.2) if one.is_down] == ["manual"]


@pytest.mark.parametrize("seconds", [10**12, -(10**12), 253402300800])
def test_a_file_of_any_time_is_taken(here, monkeypatch, seconds):
    """One beyond the year 9999 once stopped every pull."""
    put_into_inbox(here, "june.json", document(FIRST))
    os.utime(here.home.inbox / "june.json", (seconds, seconds))
    here.sources.write_text("[manual]\nsettle_seconds = 0.01\n", encoding="utf-8")
    assert pull(here, "2021-06").arrived == 1


def test_failures_are_told_by_host_and_reason():
    report = PullReport("2021-06", Counter({("webitr", "failed"): 3, ("webitr", "delivered"): 1}))
    report.failures = [
        NotBrought("webitr", f"{number:010}", f"https://{host}/{number}/x", "無法連線 cannot connect")
        for number, host in enumerate(["a.example", "b.example:8443", "a.example"])
    ]
    assert [tuple(one) for one in report.groups()] == [
        ("webitr", "a.example:443", "無法連線 cannot connect", 2),
        ("webitr", "b.example:8443", "無法連線 cannot connect", 1),
    ]
    (health,) = health_of(report, 0.2)
    assert (health.asked, health.failed, health.is_down) == (4, 3, True)
    assert "a.example:443" in str(health)
    assert not health_of(report, 0.75)[0].is_down


def test_the_ledger_says_the_same_of_a_channel_as_the_pull_did(quick_inbox, monkeypatch):
    def some(month, agencies, memory, land):
        yield Delivery("webitr", FIRST, month, Outcome.NOTHING, "https://x.example/1")
        yield Delivery("webitr", SECOND, month, Outcome.FAILED, "https://x.example/2", reason=Reason("逾時", "late"))

    report = bring_by(quick_inbox, monkeypatch, webitr=some)
    with reading(quick_inbox.engine) as session:
        recorded = {one.channel: replace(one, at=None) for one in health_recorded(session, 0.2)}
    assert recorded == {one.channel: one for one in health_of(report, 0.2)} | {"manual": recorded["manual"]}
    assert recorded["webitr"].is_down
    assert not recorded["manual"].is_down
