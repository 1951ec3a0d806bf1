"""F001, and whose document bytes say that they are."""

import json

import pytest

from checks.format.encoding import first_fault
from checks.format.identify import Identity, identify


@pytest.mark.parametrize(
    ("encoding", "says"),
    [("cp950", "Big5"), ("utf-16", "UTF-16"), ("gb18030", "第 1 行")],
)
def test_other_encodings_are_named(scanned, document, encoding, says):
    # GB18030's second bytes go where Big5 has none.
    document["employees"][0]["name"] = "王小明丂" if encoding == "gb18030" else "王小明"
    found = scanned(json.dumps(document, ensure_ascii=False).encode(encoding))
    (finding,) = found.findings
    assert finding.rule == "F001"
    assert says in finding.message
    assert not found.complete
    if encoding != "utf-16":
        assert (found.agency_code, found.month) == ("376500000A", "2021-06")


def test_big5_with_characters_of_the_agencys_own(scanned):
    assert "Big5" in scanned('{"name": "王'.encode("cp950") + b'\xfa\x40"}').findings[0].message


@pytest.mark.parametrize("tail", [b"\xff", b"\xe7\x8e", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"])
def test_the_first_bad_byte_is_located(scanned, tail):
    (finding,) = scanned('{"a":\n "王小明 '.encode() + tail + b'"}').findings
    assert (finding.rule, finding.line, finding.column) == ("F001", 2, 7)
    assert "Big5" not in finding.message


@pytest.mark.parametrize("before", [0, 1, 2, 3, (1 << 20) - 2, (1 << 20) - 1, 1 << 20])
def test_faults_at_the_seams_of_decoding(before):
    good = b"a" * before + "王".encode()
    assert first_fault(good * 2) is None
    assert first_fault(good + b"\xff") == len(good)
    assert first_fault(good + b"\xe7\x8e") == len(good)
    assert first_fault(good + b"\xe7\x8ea") == len(good)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", Identity()),
        (b"\x00\xff" * 50, Identity()),
        (b'{"agency_code" : "376500000A", "month":"2021-06"', Identity("376500000A", "2021-06")),
        (b'{"agency_code": "376500000a", "month": "2021-13"}', Identity()),
        (b'{"month": "0000-01"}', Identity()),
        (b'{"reason": "\\"month\\": \\"2021-06\\"", "month": "2021-07"}', Identity(None, "2021-07")),
    ],
)
def test_identity_of_any_bytes(data, said):
    assert identify(data) == said
