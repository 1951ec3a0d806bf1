"""The inbox: what is brought, when a file moves, what is refused; on a disk and in fsspec's memory."""

import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

import fsspec
import pytest

from assets.channels.manual import Manual, ManualSettings
from assets.channels.protocol import Delivery, Land, Outcome
from tests.assets.channels.recalled import Recalled
from warehouse.landing import Landed, Landing, LandingFull

AGENCY, MONTH = "376500000A", "2021-06"
DOCUMENT = json.dumps({"format_version": "1.0", "agency_code": AGENCY, "month": MONTH}).encode()


def numbered(number: int) -> bytes:
    return json.dumps({"agency_code": f"{number:010d}", "month": MONTH}).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


class Inbox:
    """A folder, wherever it is."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.fs, self.root = fsspec.core.url_to_fs(url)
        self.fs.makedirs(self.root, exist_ok=True)

    def put(self, name: str, data: bytes) -> None:
        self.fs.makedirs(f"{self.root}/{name}".rpartition("/")[0], exist_ok=True)
        self.fs.pipe_file(f"{self.root}/{name}", data)

    def files(self) -> set[str]:
        return {path[len(self.root) :].lstrip("/") for path in self.fs.find(self.root)}

    def read(self, name: str) -> bytes:
        return self.fs.cat_file(f"{self.root}/{name}")

    def channel(self, **settings: object) -> Manual:
        return Manual(ManualSettings.model_validate({"inbox": self.url, "settle_seconds": 0, **settings}))


@pytest.fixture(params=["disk", "memory"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inbox]:
    if request.param == "disk":
        yield Inbox(str(tmp_path / "inbox"))
        return
    yield Inbox("memory://inbox")
    fsspec.filesystem("memory").rm("/inbox", recursive=True)


def brought(channel: Manual, land: Land, *, confirmed: bool = True) -> list[Delivery]:
    deliveries = list(channel.collect("", [], Recalled(), land))
    for delivery in deliveries if confirmed else ():
        channel.confirm(delivery)
    return deliveries


def test_brings_a_file_and_moves_it_once_confirmed(inbox: Inbox, land: Land, landing: Landing) -> None:
    inbox.put("六月.json", DOCUMENT)
    channel = inbox.channel()
    (delivery,) = brought(channel, land, confirmed=False)

    assert (delivery.channel, delivery.outcome, delivery.source) == ("manual", Outcome.DELIVERED, "六月.json")
    assert (delivery.agency_code, delivery.month) == (AGENCY, MONTH)
    assert landing.read(delivery.submission_id) == DOCUMENT
    assert inbox.files() == {"六月.json"}

    channel.confirm(delivery)
    assert inbox.files() == {"processed/六月.json"}
    assert brought(channel, land) == []


def test_unconfirmed_file_is_brought_again(inbox: Inbox, land: Land) -> None:
    inbox.put("a.json", DOCUMENT)
    first = brought(inbox.channel(), land, confirmed=False)
    second = brought(inbox.channel(), land)
    assert [each.submission_id for each in first] == [each.submission_id for each in second]


def test_deletes_where_told_to(inbox: Inbox, land: Land) -> None:
    inbox.put("a.json", DOCUMENT)
    brought(inbox.channel(after="delete"), land)
    assert inbox.files() == set()


def test_what_was_not_brought_by_this_object_cannot_be_confirmed(inbox: Inbox, land: Land) -> None:
    inbox.put("a.json", DOCUMENT)
    (delivery,) = brought(inbox.channel(), land, confirmed=False)
    with pytest.raises(KeyError):
        inbox.channel().confirm(delivery)


def test_names_do_not_matter_and_folders_do_not_either(inbox: Inbox, land: Land) -> None:
    inbox.put("county/school/report.txt", numbered(1))
    inbox.put("no extension", numbered(2))
    inbox.put("really a zip.json", zipped({"x": numbered(3)}))
    assert {each.agency_code for each in brought(inbox.channel(), land)} == {f"{number:010d}" for number in (1, 2, 3)}
    assert "processed/county/school/report.txt" in inbox.files()


def test_what_is_no_document_is_landed_for_the_check_to_judge(inbox: Inbox, land: Land, landing: Landing) -> None:
    inbox.put("letter.pdf", b"%PDF-1.7 ...")
    (delivery,) = brought(inbox.channel(), land)
    assert (delivery.outcome, delivery.agency_code, delivery.month) == (Outcome.DELIVERED, "", "")
    assert landing.read(delivery.submission_id) == b"%PDF-1.7 ..."


def test_zip_moves_when_its_last_document_is_confirmed(inbox: Inbox, land: Land) -> None:
    inbox.put("all.zip", zipped({"a.json": numbered(1), "b/c.json": numbered(2), "empty/": b""}))
    channel = inbox.channel()
    first, second = brought(channel, land, confirmed=False)
    assert (first.source, second.source) == ("all.zip!a.json", "all.zip!b/c.json")
    channel.confirm(second)
    assert inbox.files() == {"all.zip"}
    channel.confirm(first)
    assert inbox.files() == {"processed/all.zip"}


def test_confirming_while_collecting_moves_all_the_same(inbox: Inbox, land: Land) -> None:
    inbox.put("all.zip", zipped({"a.json": numbered(1), "b.json": numbered(2)}))
    channel = inbox.channel()
    for delivery in channel.collect(MONTH, [AGENCY], Recalled(), land):
        channel.confirm(delivery)
    assert inbox.files() == {"processed/all.zip"}


def test_stopping_within_a_zip_leaves_it(inbox: Inbox, land: Land) -> None:
    inbox.put("all.zip", zipped({"a.json": numbered(1), "b.json": numbered(2)}))
    channel = inbox.channel()
    deliveries = channel.collect(MONTH, [], Recalled(), land)
    channel.confirm(next(deliveries))
    deliveries.close()
    assert inbox.files() == {"all.zip"}


def test_unreadable_goes_to_rejected_with_its_reason(inbox: Inbox, land: Land, landing: Landing) -> None:
    inbox.put("broken.zip", zipped({"a.json": DOCUMENT})[:-30])
    channel = inbox.channel()
    (delivery,) = brought(channel, land, confirmed=False)
    assert (delivery.outcome, delivery.submission_id) == (Outcome.FAILED, None)
    assert inbox.files() == {"broken.zip"}
    channel.confirm(delivery)
    assert inbox.files() == {"rejected/broken.zip", "rejected/broken.zip.reason.txt"}
    assert "壓縮檔毀損" in inbox.read("rejected/broken.zip.reason.txt").decode()
    assert list(landing.ids()) == []


def test_good_documents_of_a_zip_are_taken_beside_bad_ones(inbox: Inbox, land: Land) -> None:
    inbox.put("mixed.zip", zipped({"good.json": DOCUMENT, "empty.json": b"", "in.zip": zipped({"a": b"{}"})}))
    outcomes = {each.source: each.outcome for each in brought(inbox.channel(), land)}
    assert outcomes == {
        "mixed.zip!good.json": Outcome.DELIVERED,
        "mixed.zip!empty.json": Outcome.FAILED,
        "mixed.zip!in.zip": Outcome.FAILED,
    }
    reason = inbox.read("rejected/mixed.zip.reason.txt").decode()
    assert "empty.json: 空檔" in reason
    assert "good.json" not in reason


@pytest.mark.parametrize("data", [b"", b"x" * 101])
def test_empty_and_oversized_files_are_rejected(inbox: Inbox, land: Land, data: bytes) -> None:
    inbox.put("a.json", data)
    (delivery,) = brought(inbox.channel(max_bytes=100), land)
    assert delivery.outcome is Outcome.FAILED
    assert "rejected/a.json" in inbox.files()


def test_file_of_exactly_the_limit(inbox: Inbox, land: Land) -> None:
    inbox.put("a.json", b"x" * 100)
    assert brought(inbox.channel(max_bytes=100), land)[0].outcome is Outcome.DELIVERED


def test_same_name_twice_keeps_both(inbox: Inbox, land: Land) -> None:
    for number in (1, 2, 3):
        inbox.put("a.json", numbered(number))
        brought(inbox.channel(), land)
    assert inbox.files() == {"processed/a.json", "processed/a.json.2", "processed/a.json.3"}
    assert inbox.read("processed/a.json.3") == numbered(3)


def test_file_replaced_before_it_is_confirmed_stays(inbox: Inbox, land: Land) -> None:
    inbox.put("a.json", numbered(1))
    channel = inbox.channel()
    (delivery,) = brought(channel, land, confirmed=False)
    inbox.put("a.json", numbered(2) + b" ")
    channel.confirm(delivery)
    assert inbox.files() == {"a.json"}
    assert brought(inbox.channel(), land)[0].agency_code == f"{2:010d}"


def test_file_being_written_is_left_until_it_is_whole(inbox: Inbox, land: Land) -> None:
    done = threading.Event()

    def write_on() -> None:
        size = 1
        while not done.wait(0.05):
            inbox.put("growing.json", b"x" * size)
            size += 1

    inbox.put("whole.json", DOCUMENT)
    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        time.sleep(0.2)
        found = brought(inbox.channel(settle_seconds=0.4), land)
    finally:
        done.set()
        writer.join()
    assert [each.source for each in found] == ["whole.json"]
    assert [each.source for each in brought(inbox.channel(settle_seconds=0.1), land)] == ["growing.json"]


@pytest.mark.parametrize(
    "name", [".hidden.json", ".tmp/a.json", "__MACOSX/a.json", "Thumbs.db", "upload.json.part", "a.json.FILEPART"]
)
def test_litter_and_unfinished_uploads_stay(inbox: Inbox, land: Land, name: str) -> None:
    inbox.put(name, DOCUMENT)
    assert brought(inbox.channel(), land) == []
    assert inbox.files() == {name}


def test_national_id_in_a_file_name_is_told_masked(inbox: Inbox, land: Land) -> None:
    inbox.put("A123456789.json", DOCUMENT)
    inbox.put("A123456788.zip", b"PK\x03\x04 nothing")
    deliveries = brought(inbox.channel(), land)
    assert len(deliveries) == 2
    assert not any("A12345678" in repr(each) for each in deliveries)


def test_files_that_differ_only_in_what_is_masked_are_both_moved(inbox: Inbox, land: Land) -> None:
    inbox.put("A123456789.json", numbered(1))
    inbox.put("A120006789.json", numbered(2))
    brought(inbox.channel(), land)
    assert inbox.files() == {"processed/A123456789.json", "processed/A120006789.json"}


def test_missing_inbox_is_a_failure_not_an_exception(tmp_path: Path, land: Land) -> None:
    channel = Manual(ManualSettings(inbox=str(tmp_path / "missing")))
    (delivery,) = channel.collect(MONTH, [], Recalled(), land)
    assert (delivery.outcome, delivery.agency_code) == (Outcome.DOWN, "")


def test_file_that_vanishes_is_skipped(tmp_path: Path, land: Land) -> None:
    inbox = Inbox(str(tmp_path / "inbox"))
    inbox.put("a.json", numbered(1))
    inbox.put("b.json", numbered(2))
    channel = inbox.channel()
    deliveries = channel.collect(MONTH, [], Recalled(), land)
    channel.confirm(next(deliveries))
    (tmp_path / "inbox" / "b.json").unlink()
    assert list(deliveries) == []


def test_link_out_of_the_inbox_is_not_followed(tmp_path: Path, land: Land) -> None:
    inbox = Inbox(str(tmp_path / "inbox"))
    (tmp_path / "secret").write_bytes(DOCUMENT)
    (tmp_path / "inbox" / "a.json").symlink_to(tmp_path / "secret")
    assert brought(inbox.channel(), land) == []


def test_full_landing_is_raised_and_the_file_stays(inbox: Inbox) -> None:
    def full(chunks: Iterable[bytes]) -> Landed:
        raise LandingFull(28, "no room")

    inbox.put("a.json", DOCUMENT)
    with pytest.raises(LandingFull):
        brought(inbox.channel(), full)
    assert inbox.files() == {"a.json"}


def test_one_document_in_memory_at_a_time(inbox: Inbox, land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip is not unpacked before its first document is landed."""
    opened: list[str] = []
    real: Callable[..., object] = zipfile.ZipFile.open

    def noted(self: zipfile.ZipFile, name: zipfile.ZipInfo, *rest: object) -> object:
        opened.append(name.filename)
        return real(self, name, *rest)

    inbox.put("all.zip", zipped({f"{number}.json": numbered(number) for number in range(50)}))
    monkeypatch.setattr(zipfile.ZipFile, "open", noted)
    deliveries = inbox.channel().collect(MONTH, [], Recalled(), land)
    next(deliveries)
    assert opened == ["0.json"]
    deliveries.close()
