"""Files, folders and archives as documents, and archives that are traps."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from assets.channels.documents import ArchiveRefused, Document, ReadLimits, documents_in, read_submissions


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def found(data: bytes, **limits: int) -> list[Document | ArchiveRefused]:
    return list(documents_in(io.BytesIO(data), "a", ReadLimits(**limits)))


def refusal(data: bytes, **limits: int) -> str:
    """The English reason of the only thing found."""
    (one,) = found(data, **limits)
    assert isinstance(one, ArchiveRefused)
    return one.reason.en


def test_files_folders_and_zips(tmp_path: Path) -> None:
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "one.json").write_bytes(b"1")
    (tmp_path / "folder" / "b.json").write_bytes(b"3")
    (tmp_path / "folder" / "deep" / "a").write_bytes(b"4")
    (tmp_path / "folder" / ".DS_Store").write_bytes(b"litter")
    (tmp_path / "folder" / "z.txt").write_bytes(zipped({"x": b"5", "y": b"6"}))

    read = list(read_submissions([tmp_path / "one.json", str(tmp_path / "folder")]))

    assert [data for _, data in read] == [b"1", b"3", b"4", b"5", b"6"]
    assert read[3][0] == f"{tmp_path}/folder/z.txt!x"


def test_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_submissions([tmp_path / "missing"]))


def test_archive_refused_is_raised_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(ArchiveRefused, match=r"a\.7z") as raised:
        list(read_submissions([tmp_path / "a.7z"]))
    assert raised.value.name == str(tmp_path / "a.7z")


@pytest.mark.parametrize("data", [b"", b"{", b"PK", b"%PDF-1.7"])
def test_whatever_is_no_archive_is_a_document(data: bytes) -> None:
    assert found(data) == [Document("a", data)]


@pytest.mark.parametrize(("size", "kept"), [(100, 100), (101, 101), (5000, 101)])
def test_document_over_the_limit_is_cut_one_byte_beyond_it(size: int, kept: int) -> None:
    (plain,) = found(b"x" * size, max_bytes=100)
    (member,) = found(zipped({"m": b"x" * size}), max_bytes=100)
    assert len(plain.data) == len(member.data) == kept


@pytest.mark.parametrize("head", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b\x08"])
def test_other_archives_are_not_taken_for_documents(head: bytes) -> None:
    assert "use zip" in refusal(head + b"...")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_of_compression(method: int) -> None:
    assert found(zipped({"m": b"x" * 1000}, method)) == [Document("a!m", b"x" * 1000)]


def test_bomb_of_one_file() -> None:
    assert "zip bomb" in refusal(zipped({"m": b"\0" * (60 << 20)}))


def test_bomb_of_many_files_is_counted_over_all_of_them() -> None:
    results = found(zipped({f"{number}": b"\0" * (2 << 20) for number in range(30)}), max_ratio=50)
    assert isinstance(results[-1], ArchiveRefused)
    assert "zip bomb" in results[-1].reason.en
    assert len(results) <= 9


def test_bomb_that_lies_about_its_size() -> None:
    """Both headers say 10 bytes; what is counted is what comes out, and the checksum does not fit either."""
    data = zipped({"m": b"\0" * (60 << 20)})
    size = struct.pack("<L", 60 << 20)
    assert data.count(size) == 2
    (result,) = found(data.replace(size, struct.pack("<L", 10)))
    assert isinstance(result, ArchiveRefused)


def test_overlapping_files_are_counted_each_time() -> None:
    """Every entry of the directory points at the same compressed bytes (Fifield's bomb, in small)."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(b"\0" * (8 << 20)) + packed.flush()
    crc = zlib.crc32(b"\0" * (8 << 20))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(body), 8 << 20, 1, 0) + b"m" + body
    entry = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(body), 8 << 20, 1, 0, 0, 0, 0, 0, 0)
        + b"m"
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, len(entry) * 100, len(local), 0)
    results = found(local + entry * 100 + end)
    assert isinstance(results[-1], ArchiveRefused)
    assert sum(len(each.data) for each in results if isinstance(each, Document)) <= 16 << 20


def test_ordinary_compression_of_a_large_month_passes() -> None:
    record = b'{"person_id":"A123456789","at":"2021-06-03T08:21","kind":"in"},\n'
    document = b"".join(record.replace(b"08:21", b"%02d:%02d" % divmod(n % 1440, 60)) for n in range(400_000))
    assert found(zipped({"m": document})) == [Document("a!m", document)]


def test_too_many_files() -> None:
    data = zipped({f"{number}": b"" for number in range(11)})
    assert refusal(data, max_files=10) == "more than 10 files"
    assert len(found(data, max_files=11)) == 11


def test_endless_directory_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the directory was read")

    data = zipped({"n" * 600 + str(number): b"" for number in range(50)})
    monkeypatch.setattr(zipfile, "ZipFile", never)
    assert refusal(data, max_files=10) == "more than 10 files"


def test_zip64_directory_is_refused() -> None:
    """Such a directory may be of any length; it is only written for more than 65,535 files or 4 GB."""
    data = zipped({"m": b"1"})
    assert refusal(data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:]) == "more than 20,000 files"


def test_archive_within_an_archive() -> None:
    assert "within the archive" in refusal(zipped({"in.zip": zipped({"a": b"1"})}))


@pytest.mark.parametrize("names", [("[Content_Types].xml", "xl/workbook.xml"), ("mimetype", "content.xml")])
def test_office_documents_are_no_archives_of_submissions(names: tuple[str, ...]) -> None:
    assert "office document" in refusal(zipped(dict.fromkeys(names, b"x")))


def test_archive_of_nothing() -> None:
    assert "no file" in refusal(zipped({}))
    assert "no file" in refusal(zipped({"folder/": b"", "__MACOSX/._a": b"x"}))


def test_file_with_a_password() -> None:
    data = bytearray(zipped({"m": b"x" * 100}))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    assert "password" in refusal(bytes(data))


def test_damaged_member_does_not_keep_the_others_out() -> None:
    data = bytearray(zipped({"good": b"1", "bad": b"y" * 100, "better": b"2"}, zipfile.ZIP_STORED))
    data[data.index(b"yyy")] ^= 0xFF
    first, second, third = found(bytes(data))
    assert (first, third) == (Document("a!good", b"1"), Document("a!better", b"2"))
    assert isinstance(second, ArchiveRefused)
    assert second.name == "a!bad"


@pytest.mark.parametrize("cut", range(4, 140, 7))
def test_archive_cut_off_anywhere_is_refused(cut: int) -> None:
    data = zipped({"m": b"x" * 1000, "n": b"y" * 1000})
    assert "damaged" in refusal(data[:cut])


def test_names_in_cp950() -> None:
    """Windows of this country writes names in CP950 without the mark for UTF-8."""
    data = zipped({"AAAA.json": b"1"}).replace(b"AAAA", "六月".encode("cp950"))
    assert found(data)[0].name == "a!六月.json"
    assert found(zipped({"六月.json": b"1"}))[0].name == "a!六月.json"


@pytest.mark.parametrize("name", ["../../etc/x", "./x", "/x"])
def test_names_are_only_told(name: str) -> None:
    """Nothing is written under a member's name, wherever that leads."""
    assert found(zipped({name: b"1"})) == [Document(f"a!{name}", b"1")]
